import { type DeedEffect, Deeds, type Verb } from './deeds.ts';
import { grammar } from './grammar.ts';
import { creationSchema, type Meant, operatorRoutines, qualified, relationsMeant } from './names.ts';
import type { RoutineName } from './schema-snapshot.ts';
import type { Context } from './setting.ts';
import { type SettingChange, settingEffect } from './settings.ts';
import { type Fields, textOf, unwrap } from './tree.ts';

/** What is in sight where a node stands. */
export interface Scope {
  /** The names that WITH has given to queries here. */
  readonly queries: ReadonlySet<string>;
  /** The tables read here are locked too. */
  readonly locking: boolean;
}

export const outermost: Scope = { queries: new Set(), locking: false };

export type Visitor = (fields: Fields, scope: Scope, reader: Reader) => void;

/** Reads the nodes of one statement and gathers what they do. What each kind of node does beyond its parts, visitors say. */
export class Reader {
  readonly deeds = new Deeds();
  readonly functions = new Set<string>();
  readonly sets: SettingChange[] = [];
  readonly temporary = new Set<string>();
  unresolved = false;
  triggers = false;
  returning = false;
  cascades = false;
  transactionControl = false;
  prepared: string | null = null;
  cursor: string | null = null;
  /** Every UPDATE and DELETE so far keeps rows out. */
  restricted = true;
  readonly context: Context;
  readonly #visitors: ReadonlyMap<string, Visitor>;
  readonly #readStatement: (tree: unknown, reader: Reader) => void;
  #depth = 0;

  constructor(context: Context, visitors: ReadonlyMap<string, Visitor>, readStatement: (tree: unknown, reader: Reader) => void) {
    this.context = context;
    this.#visitors = visitors;
    this.#readStatement = readStatement;
  }

  /** A whole statement, such as one within another. */
  statement(tree: unknown): void {
    this.#readStatement(tree, this);
  }

  /** A wrapped node, or a list of them; nothing is nothing. */
  visit(value: unknown, scope: Scope): void {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, scope);
      return;
    }
    const node = unwrap(value);
    // The parser writes an empty place in a list as an empty node.
    if (node !== null) this.visitKind(node[0], node[1], scope);
    else if (typeof value !== 'object' || Object.keys(value).length > 0) this.misunderstood('a value where a node belongs');
  }

  visitKind(kind: string, fields: Fields, scope: Scope): void {
    const visitor = this.#visitors.get(kind);
    // Far under what exhausts the stack, and more than the parser takes.
    if (++this.#depth > maximalDepth) throw new NestsTooDeep();
    if (visitor === undefined) this.visitParts(kind, fields, scope);
    else visitor(fields, scope, this);
    this.#depth -= 1;
  }

  /** The fields of a bare node, but for those that the caller has seen to. A field that the grammar does not list is not understood. */
  visitParts(kind: string, fields: Fields, scope: Scope, ...seen: readonly string[]): void {
    const known = grammar.get(kind);
    if (known === undefined) return this.misunderstood(kind);
    for (const field in fields) {
      if (seen.includes(field)) continue;
      const value = fields[field];
      const content = known.get(field);
      if (content === undefined) this.misunderstood(`${kind}.${field}`);
      else if (content === 'nodes') this.visit(value, scope);
      else if (content !== 'plain') this.visitKind(content.kind, value as Fields, scope);
      else if (typeof value === 'object' && value !== null) this.misunderstood(`${kind}.${field}`);
    }
  }

  /** Every deed that is not understood is unknown, and names the part of the grammar that was met. */
  misunderstood(what: string): void {
    this.deeds.add('unknown', 'unknown', 'Syntax', what);
  }

  /** The relations that a name may mean; notes when nothing is known of one. */
  relations(range: Fields): readonly Meant[] {
    if (typeof range['relname'] !== 'string') {
      this.misunderstood('a relation without a name');
      return [];
    }
    const meant = relationsMeant(range, this.context);
    if (meant.some(({ relation, temporary }) => relation === null && !temporary)) this.unresolved = true;
    return meant;
  }

  /** The name of what is created under this one: in its schema, or in the first of the search path. */
  created(range: Fields): string {
    const name = textOf(range['relname']) ?? '';
    return qualified(textOf(range['schemaname']) ?? creationSchema(this.context), name);
  }

  table(verb: Verb, effect: DeedEffect, range: Fields): void {
    for (const { name } of this.relations(range)) this.deeds.add(verb, effect, 'Table', name);
  }

  operator(parts: readonly string[], call: (routine: RoutineName, reader: Reader) => void): void {
    for (const routine of operatorRoutines(parts, this.context)) call(routine, this);
  }

  set(change: SettingChange): void {
    const [verb, effect] = settingEffect(change);
    this.sets.push(change);
    this.deeds.add(verb, effect, 'Setting', change.name);
  }

  /** A reader of a part whose deeds count otherwise than this one's. */
  apart(context: Context = this.context): Reader {
    return new Reader(context, this.#visitors, this.#readStatement);
  }

  /** Takes over the deeds and facts of a part. */
  take(part: Reader): void {
    this.deeds.addAll(part.deeds.list);
    for (const name of part.functions) this.functions.add(name);
    this.sets.push(...part.sets);
    this.unresolved ||= part.unresolved;
    this.triggers ||= part.triggers;
    this.returning ||= part.returning;
    this.restricted &&= part.restricted;
  }
}

const maximalDepth = 2_000;

/** Thrown by a walk over a tree that is deeper than can be read. */
export class NestsTooDeep extends Error {}
