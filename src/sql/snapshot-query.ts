import {
  type Operator,
  type Relation,
  type RelationKind,
  relationKey,
  type Routine,
  SchemaSnapshot,
  type TypeEntry,
} from './schema-snapshot.ts';
import { BothEntries, ToldEntries, type ToldEntry } from './told-entries.ts';

const gathered = `
with recursive path as materialized (select set_config('search_path', 'pg_catalog', true) as set),
checked (type, routine) as (
  select k.contypid, d.refobjid
    from pg_constraint k join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid
   where k.contypid <> 0 and d.refclassid = 'pg_proc'::regclass
  union
  select t.oid, c.routine
    from checked c join pg_type t on c.type in (t.typbasetype, t.typelem)
      or exists (select from pg_attribute a where a.attrelid = t.typrelid and t.typrelid <> 0 and a.atttypid = c.type and not a.attisdropped)
      or exists (select from pg_range r where c.type = r.rngsubtype and t.oid in (r.rngtypid, r.rngmultitypid))),
routines as (
  select p.*, n.nspname, p.oid < 16384 as system,
    p.pronargs - p.pronargdefaults <= 1 and p.pronargs > 0 and exists (
      select from pg_type t left join pg_type base on base.oid = t.typbasetype
       where t.oid = p.proargtypes[0] and (t.typtype in ('c', 'p') or base.typtype = 'c')) as takes_row
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace)`;

const schemas = `
select 'schema' as kind, nspname::text as schema, '' as name, '' as told from pg_namespace`;

const relations = `
select case when c.oid < 16384 then 'system relation' else 'relation' end, n.nspname, c.relname, json_build_array(
    c.relkind,
    (select coalesce(json_agg(a.attname order by a.attnum), '[]')
       from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
    exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1'),
    c.relhastriggers and exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal),
    (select coalesce(json_agg(json_build_array(pn.nspname, p.relname)), '[]')
       from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
      where i.inhrelid = c.oid),
    (select coalesce(json_agg(json_build_array(kn.nspname, k.relname)), '[]')
       from pg_inherits i join pg_class k on k.oid = i.inhrelid join pg_namespace kn on kn.oid = k.relnamespace
      where i.inhparent = c.oid and k.relkind in ('r', 'p', 'f') and kn.nspname !~ '^pg_(toast|temp)'),
    case when c.relkind in ('r', 'm', 'p', 'f') then
      (select json_agg(case when coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
                            then (case when t.typtype = 'd' then t.typbasetype else t.oid end)::bigint end order by a.attnum)
         from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end)::text
  from path, pg_class c join pg_namespace n on n.oid = c.relnamespace
  where path.set is not null and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and n.nspname !~ '^pg_(toast|temp)'`;

const routines = `
select case when p.system then 'system routine' else 'routine' end, p.nspname, p.proname, json_build_array(
    p.prokind,
    case when p.prokind = 'a' then (
      select max(part.provolatile::text) from pg_aggregate a
        join pg_proc part on part.oid in (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                          a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
       where a.aggfnoid = p.oid) else p.provolatile::text end,
    p.system, l.lanname, l.lanpltrusted or l.lanname in ('c', 'internal'), p.prosecdef,
    p.pronargs - p.pronargdefaults, case when p.provariadic = 0 then p.pronargs end, p.takes_row,
    coalesce(
      (select json_agg(p.proargnames[o.place] order by o.place)
         from unnest(p.proargmodes) with ordinality o(mode, place) where o.mode in ('o', 'b', 't')),
      (select json_agg(a.attname order by a.attnum)
         from pg_type t join pg_attribute a on a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        where t.oid = p.prorettype and t.typtype = 'c'),
      case when p.prorettype = 'record'::regtype then '[]'::json end),
    p.proretset)::text
  from routines p join pg_language l on l.oid = p.prolang`;

/** What hangs on what users have made, also of what came with PostgreSQL itself. */
const rest = `
select distinct 'row routine', '', p.proname::text, '' from routines p where p.takes_row and not p.system
union all
select 'operator', n.nspname, o.oprname, json_build_array(pn.nspname, p.proname)::text
  from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
    join pg_proc p on p.oid = o.oprcode join pg_namespace pn on pn.oid = p.pronamespace
  where o.oid >= 16384 or p.oid >= 16384
union all
select 'type', n.nspname, t.typname, json_build_array(t.oid < 16384, coalesce(led.routines, '[]'))::text
  from pg_type t join pg_namespace n on n.oid = t.typnamespace left join (
    select leads.type, json_agg(json_build_array(pn.nspname, p.proname)) as routines
      from (select casttarget as type, castfunc as routine from pg_cast union select type, routine from checked) leads
        join pg_proc p on p.oid = leads.routine join pg_namespace pn on pn.oid = p.pronamespace
     where p.oid >= 16384 group by leads.type) led on led.type = t.oid
  where n.nspname !~ '^pg_(toast|temp)'`;

/**
 * Reads all of a catalog that a {@link SchemaSnapshot} holds; PostgreSQL 14 and later. A row says of which kind a thing is, its schema,
 * its name, and as JSON what else there is to say, so that a reader can take as many rows at a time as it likes. It needs no rights
 * beyond those of every role. The search path is emptied for this statement's transaction, so that the definitions of views come with
 * every name qualified; an object with an OID under 16384 came with PostgreSQL itself.
 */
export const snapshotQuery = [gathered, schemas, ...united(relations, routines, rest)].join('');

/** The same without the relations and routines that came with PostgreSQL itself: nine tenths of what there is in most databases. */
export const snapshotOfMadeQuery = [
  gathered,
  schemas,
  ...united(`${relations} and c.oid >= 16384`, `${routines} where p.oid >= 16384`, rest),
].join('');

function united(...parts: readonly string[]): readonly string[] {
  return parts.map((part) => `\nunion all${part}`);
}

type RelationTold = readonly [
  kind: string,
  columns: string[],
  definition: string | null,
  rules: boolean,
  triggers: boolean,
  parents: [string, string][],
  children: [string, string][],
  types: (number | null)[] | null,
];
type RoutineTold = readonly [
  kind: string,
  volatility: string | null,
  system: boolean,
  language: string,
  trusted: boolean,
  securityDefiner: boolean,
  least: number,
  most: number | null,
  takesRow: boolean,
  returns: (string | null)[] | null,
  returnsSet: boolean,
];
type OperatorTold = readonly [routineSchema: string, routine: string];
type TypeTold = readonly [system: boolean, routines: [string, string][]];

/** A row of the answer to {@link snapshotQuery}. */
export type SnapshotRow = readonly (string | null)[];

/** What came with PostgreSQL itself, for further snapshots of the same catalog. */
export class SystemEntries {
  readonly relations = new ToldEntries(relationOf);
  readonly routines = new ToldEntries(routineOf);
}

/**
 * Gathers a snapshot from the answer to {@link snapshotQuery}; or to {@link snapshotOfMadeQuery}, with the system entries of one before.
 * A row costs little: what it tells is read once somebody looks it up.
 */
export class SnapshotReader {
  readonly system: SystemEntries;
  readonly #schemas = new Set<string>();
  readonly #rowRoutines = new Set<string>();
  readonly #relations = new ToldEntries(relationOf);
  readonly #routines = new ToldEntries(routineOf);
  readonly #operators = new ToldEntries(operatorOf);
  readonly #types = new ToldEntries(typeOf);
  readonly #takers: { readonly [kind: string]: (schema: string, name: string, told: string) => void } = {
    schema: (schema) => this.#schemas.add(schema),
    'row routine': (_schema, name) => this.#rowRoutines.add(name),
    relation: (schema, name, told) => this.#relations.add(relationKey(schema, name), [schema, name, told]),
    routine: (schema, name, told) => this.#routines.add(relationKey(schema, name), [schema, name, told]),
    operator: (schema, name, told) => this.#operators.add(name, [schema, name, told]),
    type: (schema, name, told) => this.#types.add(relationKey(schema, name), [schema, name, told]),
    'system relation': (schema, name, told) => this.system.relations.add(relationKey(schema, name), [schema, name, told]),
    'system routine': (schema, name, told) => this.system.routines.add(relationKey(schema, name), [schema, name, told]),
  };

  constructor(system: SystemEntries = new SystemEntries()) {
    this.system = system;
  }

  /** Throws where it is no such row. */
  take([kind, schema, name, told]: SnapshotRow): void {
    const taker = this.#takers[kind ?? ''];
    if (taker === undefined || schema == null || name == null || told == null) throw new Error('the answer is not the one of a catalog');
    taker(schema, name, told);
  }

  /** Of the rows so far. */
  snapshot(): SchemaSnapshot {
    return new SchemaSnapshot({
      schemas: this.#schemas,
      relations: new BothEntries(this.system.relations, this.#relations),
      routines: new BothEntries(this.system.routines, this.#routines),
      operators: this.#operators,
      types: this.#types,
      rowRoutines: this.#rowRoutines,
    });
  }
}

export function snapshotOf(rows: Iterable<SnapshotRow>): SchemaSnapshot {
  const reader = new SnapshotReader();
  for (const row of rows) reader.take(row);
  return reader.snapshot();
}

const relationKinds: { readonly [kind: string]: RelationKind } = {
  r: 'table',
  p: 'partitioned',
  f: 'foreign',
  v: 'view',
  m: 'materialized',
  S: 'sequence',
};

function relationOf([schema, name, told]: ToldEntry): Relation {
  const [kind, columns, definition, rules, triggers, parents, children, types] = JSON.parse(told) as RelationTold;
  const family = { parents: parents.map(keyOf), children: children.map(keyOf) };
  const relation = { schema, name, kind: relationKinds[kind] ?? 'table', columns, definition, rules, triggers, ...family };
  return types == null ? relation : { ...relation, types };
}

function keyOf([schema, name]: readonly [string, string]): string {
  return relationKey(schema, name);
}

const routineKinds: { readonly [kind: string]: Routine['kind'] } = { f: 'function', a: 'aggregate', w: 'window', p: 'procedure' };

function routineOf([schema, name, told]: ToldEntry): Routine {
  const row = JSON.parse(told) as RoutineTold;
  const [kind, volatility, system, language, trusted, securityDefiner, least, most, takesRow, returns, returnsSet] = row;
  return {
    schema,
    name,
    kind: routineKinds[kind] ?? 'procedure',
    volatility: volatility === 'i' ? 'immutable' : volatility === 's' ? 'stable' : 'volatile',
    system,
    language,
    trusted,
    securityDefiner,
    arguments: { least, most },
    takesRow,
    returnsSet,
    returns: returns === null ? null : returns.map((column) => column ?? ''),
  };
}

function operatorOf([schema, name, told]: ToldEntry): Operator {
  const [routineSchema, routine] = JSON.parse(told) as OperatorTold;
  return { schema, name, routine: { schema: routineSchema, name: routine } };
}

function typeOf([schema, name, told]: ToldEntry): TypeEntry {
  const [system, routines] = JSON.parse(told) as TypeTold;
  return { schema, name, system, routines: routines.map(([routineSchema, routine]) => ({ schema: routineSchema, name: routine })) };
}
