import { type Deed, Deeds, type Verb } from './deeds.ts';
import { qualified } from './names.ts';
import { parseTrusted } from './parse.ts';
import { outermost, type Reader } from './reader.ts';
import type { Relation, SchemaSnapshot } from './schema-snapshot.ts';
import type { Context, Setting } from './setting.ts';
import type { Fields } from './tree.ts';

/** Reads a relation: itself, what it is a part of, and what stands behind it where it is a view. */
export function readRelation(range: Fields, locking: boolean, reader: Reader): void {
  for (const { name, relation } of reader.relations(range)) {
    reader.deeds.add('select', 'read', 'Table', name);
    if (locking) reader.deeds.add('lock', 'write', 'Table', name);
    if (relation === null) continue;
    addAncestors('select', 'read', relation, reader);
    if (relation.definition !== null) reader.take(behindView(relation, reader));
  }
}

/** Writes to a relation. Where a view is written to, so is what stands behind it; what rules do, only they know. */
export function writeRelation(verb: Verb, range: Fields, reader: Reader): void {
  for (const { name, relation } of reader.relations(range)) {
    reader.deeds.add(verb, 'write', 'Table', name);
    if (relation === null) continue;
    addAncestors(verb, 'write', relation, reader);
    reader.triggers ||= relation.triggers;
    if (relation.rules) reader.deeds.add('unknown', 'unknown', 'Table', name);
    if (relation.kind === 'view') writeBehind(verb, relation, reader);
  }
}

function writeBehind(verb: Verb, view: Relation, reader: Reader): void {
  const behind = behindView(view, reader);
  const written = new Deeds();
  for (const { verb: deed, object } of behind.deeds.list)
    if (deed === 'select' && object?.type === 'Table') written.add(verb, 'write', 'Table', object.name);
  reader.take(behind);
  reader.deeds.addAll(written.list);
}

/** A policy for a table holds for its partitions and heirs too, which PostgreSQL lets be named in its stead. */
function addAncestors(verb: Verb, effect: Deed['effect'], relation: Relation, reader: Reader, seen = new Set<string>()): void {
  for (const key of relation.parents) {
    const parent = reader.context.snapshot.related(key);
    if (parent === null || seen.has(key)) continue;
    seen.add(key);
    reader.deeds.add(verb, effect, 'Table', qualified(parent.schema, parent.name));
    addAncestors(verb, effect, parent, reader, seen);
  }
}

const views = new WeakMap<SchemaSnapshot, Map<Relation, Reader>>();

/** What reading a view does, read from its definition once a snapshot. The views of information_schema show what the catalog shows everybody. */
function behindView(view: Relation, reader: Reader): Reader {
  const { snapshot } = reader.context;
  const known = views.get(snapshot) ?? new Map<Relation, Reader>();
  views.set(snapshot, known);
  const before = known.get(view);
  if (before !== undefined) return before;
  const behind = reader.apart(definitionContext(snapshot));
  // In place before it is read: a view cannot stand behind itself, and a snapshot that says so must not loop.
  known.set(view, behind);
  if (view.schema === 'information_schema') return behind;
  const parsed = parseTrusted(view.definition ?? '');
  if (parsed === null) behind.misunderstood(`the view ${qualified(view.schema, view.name)}`);
  else behind.visit(parsed, outermost);
  return behind;
}

/** A definition is written with every name qualified, as by an empty search path. */
function definitionContext(snapshot: SchemaSnapshot): Context {
  return { snapshot, setting: definitionSetting };
}

const definitionSetting: Setting = {
  searchPath: ['pg_catalog'],
  standardConformingStrings: true,
  temporary: new Set(),
  prepared: () => null,
  cursor: () => null,
};
