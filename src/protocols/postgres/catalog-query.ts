import { snapshotOfMadeQuery, snapshotQuery } from '../../sql/snapshot-query.ts';
import { cstring, encodeMessage } from './messages.ts';

/** Changes with every change of the catalog that a snapshot could show; what only one session sees is left out. */
const fingerprint = `select concat_ws(' ',
(select concat(count(*), ',', sum(hashtext(concat(c.xmin, c.ctid)))) from pg_class c where relpersistence <> 't'),
(select concat(count(*), ',', sum(hashtext(concat(p.xmin, p.ctid)))) from pg_proc p),
(select concat(count(*), ',', sum(hashtext(concat(t.xmin, t.ctid)))) from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname !~ '^pg_(toast_)?temp'),
(select concat(count(*), ',', sum(hashtext(concat(a.xmin, a.ctid)))) from pg_attribute a join pg_class c on c.oid = a.attrelid where c.oid >= 16384 and c.relpersistence <> 't' and a.attnum > 0),
(select concat(count(*), ',', sum(hashtext(concat(r.xmin, r.ctid)))) from pg_rewrite r where r.oid >= 16384),
(select concat(count(*), ',', sum(hashtext(concat(g.xmin, g.ctid)))) from pg_trigger g where not tgisinternal),
(select concat(count(*), ',', sum(hashtext(concat(i.xmin, i.ctid)))) from pg_inherits i),
(select concat(count(*), ',', sum(hashtext(concat(n.xmin, n.ctid)))) from pg_namespace n where nspname !~ '^pg_(toast_)?temp'),
(select concat(count(*), ',', sum(hashtext(concat(o.xmin, o.ctid)))) from pg_operator o where o.oid >= 16384),
(select concat(count(*), ',', sum(hashtext(concat(k.xmin, k.ctid)))) from pg_cast k where k.oid >= 16384),
(select concat(count(*), ',', sum(hashtext(concat(g.xmin, g.ctid)))) from pg_aggregate g where g.aggfnoid::oid >= 16384),
(select concat(count(*), ',', sum(hashtext(concat(k.xmin, k.ctid)))) from pg_constraint k where contypid <> 0))`;

/** Changes with every change of what a snapshot keeps of PostgreSQL's own relations and routines. */
const systemFingerprint = `select concat_ws(' ', current_setting('server_version_num'),
(select concat(count(*), ',', sum(hashtext(concat(c.xmin, c.ctid)))) from pg_class c where c.oid < 16384),
(select concat(count(*), ',', sum(hashtext(concat(a.xmin, a.ctid)))) from pg_attribute a where a.attrelid < 16384 and a.attnum > 0),
(select concat(count(*), ',', sum(hashtext(concat(p.xmin, p.ctid)))) from pg_proc p where p.oid < 16384),
(select concat(count(*), ',', sum(hashtext(concat(g.xmin, g.ctid)))) from pg_aggregate g where g.aggfnoid::oid < 16384),
(select concat(count(*), ',', sum(hashtext(concat(t.xmin, t.ctid)))) from pg_type t where t.oid < 16384),
(select concat(count(*), ',', sum(hashtext(concat(r.xmin, r.ctid)))) from pg_rewrite r where r.ev_class < 16384),
(select concat(count(*), ',', sum(hashtext(concat(g.xmin, g.ctid)))) from pg_trigger g where g.tgrelid < 16384 and not tgisinternal),
(select concat(count(*), ',', sum(hashtext(concat(i.xmin, i.ctid, k.xmin, k.ctid, k.relnamespace::regnamespace))))
   from pg_inherits i join pg_class k on k.oid in (i.inhrelid, i.inhparent) where least(i.inhrelid, i.inhparent) < 16384),
(select concat(count(*), ',', sum(hashtext(concat(n.xmin, n.ctid)))) from pg_namespace n where n.oid < 16384),
(select concat(count(*), ',', sum(hashtext(concat(l.xmin, l.ctid)))) from pg_language l))`;

/** What a session of these credentials begins with. */
const beginning = "select current_user, pg_catalog.current_setting('search_path')";

/** In a transaction that reads, whatever the server's own settings are; a catalog that takes this long is not read. */
function inTransaction(...queries: readonly string[]): Buffer {
  const text = ['begin isolation level repeatable read read only', ...queries, 'commit'].join(';\n');
  return encodeMessage('Q', cstring(text));
}
const limits = "set local statement_timeout = '50s'; set local jit = off";
const plainPath = 'set local search_path = pg_catalog';

/** Answered by one row: the fingerprint. */
export const checkQuestion = inTransaction(limits, plainPath, fingerprint);
/** One row: the fingerprint of all, and that of PostgreSQL's own part. */
export const fingerprints = `select (${fingerprint}), (${systemFingerprint})`;
/** Answered by a row of user and path of a new session, one of both fingerprints, and those of the snapshot. */
export const catalogQuestion = inTransaction(limits, beginning, plainPath, fingerprints, snapshotQuery);
/** The same without PostgreSQL's own relations and routines. */
export const madeQuestion = inTransaction(limits, beginning, plainPath, fingerprints, snapshotOfMadeQuery);
