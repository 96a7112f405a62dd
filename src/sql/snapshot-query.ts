import {
  type Operator,
  type Relation,
  type RelationKind,
  relationKey,
  type Routine,
  SchemaSnapshot,
  type TypeEntry,
} from './schema-snapshot.ts';

/**
 * Reads all of a catalog that a {@link SchemaSnapshot} holds, as one row of one column; PostgreSQL 14 and later. It needs no
 * rights beyond those of every role. The search path is emptied for this statement's transaction, so that the definitions
 * of views come with every name qualified; an object with an OID under 16384 came with PostgreSQL itself.
 */
export const snapshotQuery = `
with recursive path as materialized (select set_config('search_path', 'pg_catalog', true) as set),
checked (type, routine) as (
  select k.contypid, d.refobjid
    from pg_constraint k join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid
   where k.contypid <> 0 and d.refclassid = 'pg_proc'::regclass
  union
  select t.oid, c.routine
    from checked c join pg_type t on c.type in (t.typbasetype, t.typelem)
      or exists (select from pg_attribute a where a.attrelid = t.typrelid and t.typrelid <> 0 and a.atttypid = c.type and not a.attisdropped)
      or exists (select from pg_range r where c.type = r.rngsubtype and t.oid in (r.rngtypid, r.rngmultitypid)))
select json_build_object(
  'schemas', (select json_agg(nspname) from pg_namespace),
  'relations', (
    select json_agg(json_build_array(
      n.nspname, c.relname, c.relkind,
      (select coalesce(json_agg(a.attname order by a.attnum), '[]')
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1'),
      c.relhastriggers and exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal),
      (select coalesce(json_agg(json_build_array(pn.nspname, p.relname)), '[]')
         from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
        where i.inhrelid = c.oid),
      case when c.relkind in ('r', 'm', 'p', 'f') then
        (select json_agg(case when coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
                              then (case when t.typtype = 'd' then t.typbasetype else t.oid end)::bigint end order by a.attnum)
           from pg_attribute a join pg_type t on t.oid = a.atttypid
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and n.nspname !~ '^pg_(toast|temp)'),
  'routines', (
    select json_agg(json_build_array(
      n.nspname, p.proname, p.prokind,
      case when p.prokind = 'a' then (
        select max(part.provolatile::text) from pg_aggregate a
          join pg_proc part on part.oid in (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                            a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
         where a.aggfnoid = p.oid) else p.provolatile::text end,
      p.oid < 16384, l.lanname, l.lanpltrusted or l.lanname in ('c', 'internal'), p.prosecdef,
      p.pronargs - p.pronargdefaults, case when p.provariadic = 0 then p.pronargs end,
      p.pronargs - p.pronargdefaults <= 1 and p.pronargs > 0 and exists (
        select from pg_type t left join pg_type base on base.oid = t.typbasetype
         where t.oid = p.proargtypes[0] and (t.typtype in ('c', 'p') or base.typtype = 'c')),
      coalesce(
        (select json_agg(p.proargnames[o.place] order by o.place)
           from unnest(p.proargmodes) with ordinality o(mode, place) where o.mode in ('o', 'b', 't')),
        (select json_agg(a.attname order by a.attnum)
           from pg_type t join pg_attribute a on a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
          where t.oid = p.prorettype and t.typtype = 'c'),
        case when p.prorettype = 'record'::regtype then '[]'::json end),
      p.proretset))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang),
  'operators', (
    select coalesce(json_agg(json_build_array(n.nspname, o.oprname, pn.nspname, p.proname)), '[]')
    from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
      join pg_proc p on p.oid = o.oprcode join pg_namespace pn on pn.oid = p.pronamespace
    where o.oid >= 16384 or p.oid >= 16384),
  'types', (
    select json_agg(json_build_array(n.nspname, t.typname, t.oid < 16384, (
      select coalesce(json_agg(json_build_array(pn.nspname, p.proname)), '[]')
      from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace
      where p.oid >= 16384 and (
        exists (select from pg_cast k where k.casttarget = t.oid and k.castfunc = p.oid)
        or (t.oid, p.oid) in (select type, routine from checked)))))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where n.nspname !~ '^pg_(toast|temp)')
) as snapshot
from path where path.set is not null`;

type RelationRow = readonly [
  string,
  string,
  string,
  string[],
  string | null,
  boolean,
  boolean,
  [string, string][],
  (number | null)[] | null,
];
type RoutineRow = readonly [
  string,
  string,
  string,
  string | null,
  boolean,
  string,
  boolean,
  boolean,
  number,
  number | null,
  boolean,
  (string | null)[] | null,
  boolean,
];
type TypeRow = readonly [string, string, boolean, [string, string][]];

interface Answer {
  readonly schemas: readonly string[];
  readonly relations: readonly RelationRow[];
  readonly routines: readonly RoutineRow[];
  readonly operators: readonly (readonly [string, string, string, string])[];
  readonly types: readonly TypeRow[];
}

/** The snapshot in the answer to {@link snapshotQuery}: its one value, as JSON text or already parsed. */
export function snapshotOf(answer: unknown): SchemaSnapshot {
  const { schemas, relations, routines, operators, types } = (typeof answer === 'string' ? JSON.parse(answer) : answer) as Answer;
  const children = new Map<string, string[]>();
  for (const [schema, name, , , , , , parents] of relations)
    for (const parent of parents) {
      const key = relationKey(...parent);
      children.set(key, [...(children.get(key) ?? []), relationKey(schema, name)]);
    }
  return new SchemaSnapshot({
    schemas,
    relations: relations.map((row) => relationOf(row, children.get(relationKey(row[0], row[1])) ?? [])),
    routines: routines.map(routineOf),
    operators: operators.map(
      ([schema, name, routineSchema, routine]): Operator => ({ schema, name, routine: { schema: routineSchema, name: routine } }),
    ),
    types: types.map(typeOf),
  });
}

const relationKinds: { readonly [kind: string]: RelationKind } = {
  r: 'table',
  p: 'partitioned',
  f: 'foreign',
  v: 'view',
  m: 'materialized',
  S: 'sequence',
};

function relationOf(
  [schema, name, kind, columns, definition, rules, triggers, parents, types]: RelationRow,
  children: readonly string[],
): Relation {
  const keys = parents.map((parent) => relationKey(...parent));
  const relation = { schema, name, kind: relationKinds[kind] ?? 'table', columns, definition, rules, triggers, parents: keys, children };
  return types == null ? relation : { ...relation, types };
}

const routineKinds: { readonly [kind: string]: Routine['kind'] } = { f: 'function', a: 'aggregate', w: 'window', p: 'procedure' };

function routineOf([
  schema,
  name,
  kind,
  volatility,
  system,
  language,
  trusted,
  securityDefiner,
  least,
  most,
  takesRow,
  returns,
  returnsSet,
]: RoutineRow): Routine {
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

function typeOf([schema, name, system, routines]: TypeRow): TypeEntry {
  return { schema, name, system, routines: routines.map(([routineSchema, routine]) => ({ schema: routineSchema, name: routine })) };
}
