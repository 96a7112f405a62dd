/** Attempts at more than reading, beside those that src/sql holds: by names, by code, by what lies beside the tables. */
export const schemes: readonly string[] = `
set search_path to evil, pg_catalog; select upper('x')
set search_path = evil, public; select version()
set search_path = evil, pg_catalog; select 1 + 'x'::text
select set_config('search_path', 'evil', false); select upper('x'), * from users
select evil.upper('x')
select evil.version()
select 1 operator(evil.+) 'x'::text
select * from evil.users
select * from wiper_deep
select elevated()
insert into editable values (1, 'x')
select rows_of('orders')
select * from rows_of('orders')
select lo_unlink(4711)
select lo_put(4711, 0, 'gone')
select lo_from_bytea(4712, 'new')
select lo_create(4713)
select lowrite(lo_open(4711, 131072), 'x')
select lo_import('/etc/passwd')
select lo_export(4711, '/tmp/chaperone-bypass')
copy users to '/tmp/chaperone-bypass'
copy (select 1) to program 'touch /tmp/chaperone-bypass'
copy users from program 'echo 9'
copy orders (id) from stdin
select pg_read_file('/etc/passwd')
select pg_ls_dir('/')
select pg_stat_file('/etc/passwd')
select pg_read_binary_file('PG_VERSION')
select * from ext.dblink('dbname=sample', 'delete from orders returning id') as t(id int)
select ext.dblink_exec('dbname=sample', 'delete from orders')
select ext.dblink_connect('dbname=sample')
set role intruder
set session authorization intruder
set local role intruder
reset role
create role mallory superuser
alter role intruder superuser
grant pg_read_all_data to intruder
alter system set log_statement = 'none'
select pg_reload_conf()
select pg_terminate_backend(pg_backend_pid())
select pg_cancel_backend(1)
set session_replication_role = replica
set default_transaction_read_only = off
begin read write
start transaction read write
set transaction read write
set session characteristics as transaction read write
select set_config('default_transaction_read_only', 'off', false)
select set_config('transaction_read_only', 'off', true)
select set_config('role', 'intruder', false)
select set_config('ro' || 'le', 'intruder', false)
do $$ begin delete from orders; end $$
do language plpgsql $x$ begin perform wipe(); end $x$
call tidy()
call public.tidy()
explain analyze select wipe()
explain (analyze) insert into orders values (9)
explain analyze create table gone as select 1
explain (analyze, format json) update users set name = 'x'
create table taken as select * from users
create temp table taken as select * from users
select * into taken from users
create temporary view hidden as select wipe()
create materialized view m as select 1
create or replace function public.double(x int) returns int language sql as 'select wipe()'
create function pg_temp.f() returns int language sql as 'select 1'
create rule r as on select to deep do instead select * from users
create trigger t before insert on deep for each row execute function note()
create extension file_fdw
create server s foreign data wrapper postgres_fdw
comment on table users is 'mine'
alter table users add column more text
alter table users disable row level security
drop table users
drop owned by quickstart
truncate orders
truncate orders cascade
vacuum
vacuum full orders
analyze users
reindex table users
cluster
checkpoint
refresh materialized view totals
lock table users in access exclusive mode
lock users
select * from users for update
select * from users for share
select * from (select * from users for no key update) u
select nextval('tickets')
select setval('tickets', 99)
select pg_advisory_lock(1)
select pg_try_advisory_xact_lock(7)
notify somebody, 'x'
select pg_notify('somebody', 'x')
prepare transaction 'x'
load 'auto_explain'
import foreign schema public from server s into public
security label on table users is 'x'
reassign owned by intruder to quickstart
with x as (insert into orders values (7) returning *) select * from x
with recursive x as (delete from orders returning *) select * from x
with x as (update users set name = 'x' returning *), y as (select * from x) table y
merge into orders o using users u on o.user_id = u.id when matched then delete
insert into orders select * from orders on conflict do nothing
insert into people values (5)
update people set name = 'x'
delete from people_deep
insert into ruled values (1)
update only users set name = 'x'
select query_to_xml('delete from orders', true, true, '')
select database_to_xml(true, true, '')
select cursor_to_xml('c', 1, true, true, '')
select ts_stat('delete from orders')
select pg_logical_emit_message(true, 'x', 'y')
select pg_create_restore_point('x')
select pg_switch_wal()
select pg_create_physical_replication_slot('x')
select pg_stat_reset()
select pg_rotate_logfile()
select pg_promote()
select pg_import_system_collations('public')
select pg_file_write('x', 'y', false)
select current_setting('x'), set_config('session_authorization', 'intruder', false)
set app.tenant = '7'
select users.purge from users
select (u).purge from users u
select u.lower from users u
select * from users where id === 'x'
select destroy(id) from users
select 'x'::checked
select cast('x' as narrower)
select row('x')::holder
select 1::pair
select json_value('{}'::json, 'x')
select id from users order by wipe()
select id from users group by id having wipe() > 0
select id from users limit wipe()
select id from users where exists (select wipe())
select case when wipe() = 1 then 1 end
select array[wipe()]
select (select wipe())
select coalesce(null, wipe())
values (wipe())
table wiper
select * from users tablesample bernoulli (wipe())
select * from generate_series(1, wipe())
select * from users u, lateral (select wipe() + u.id) x
select * from rows from (wipe(), generate_series(1, 2)) x
select sum(wipe()) over () from users
select count(*) filter (where wipe() = 1) from users
select string_agg(wipe()::text, ',' order by wipe()) from users
declare c cursor for select wipe()
declare c cursor with hold for select wipe()
begin; declare c cursor for select wiped from wiper; fetch all from c
prepare p as delete from orders; execute p
prepare p as select wipe(); execute p
prepare p as select 1; deallocate p; prepare p as delete from orders; execute p
prepare p as delete from orders; explain analyze execute p
begin; set search_path to evil; rollback; select upper('x') from evil.users
begin; set local search_path to evil, public; select * from users
begin; savepoint a; set search_path to evil, public; release a; select * from users
select $$'$$; delete from orders; select $$'$$
select E'\\'; delete from orders; --'
select U&'\\0027; delete from orders; --'
select '\\'; delete from orders; --'
set standard_conforming_strings = off; select '\\'; delete from orders; --'
set standard_conforming_strings = off; select 'a\\'' ; delete from orders; --'
select 1 /* /* nested */ */; delete from orders
select 1 -- ; \\n ; delete from orders
/* ; */ delete from orders
delete/**/from/**/orders
DeLeTe FROM "orders"
delete from U&"\\006frders"
delete from public . orders
;delete from orders
select 1;;;delete from orders;;
begin; commit; delete from orders
begin read only; rollback; delete from orders
begin; delete from orders; rollback
savepoint x; delete from orders
rollback; delete from orders
commit and chain; delete from orders
discard all; delete from orders
reset all; delete from orders
listen x; notify x
explain delete from orders; delete from orders
show all; delete from orders
copy (delete from orders returning *) to stdout
copy (select wipe()) to stdout
copy wiper to stdout
copy (with x as (delete from orders returning 1) select * from x) to stdout
copy users to stdout; delete from orders
alter sequence tickets restart
alter default privileges grant all on tables to public
alter database sample set search_path = evil
alter role quickstart set search_path = evil
alter function wipe() immutable
alter view people owner to intruder
alter type mood add value 'new'
create schema more create table t (a int)
create domain d as text check (sound(value))
create aggregate agg(int) (sfunc = int4pl, stype = int)
create operator public.!!! (rightarg = int, function = public.double)
create cast (text as pair) with inout as implicit
create collation c from "C"
create publication p for all tables
create subscription s connection 'dbname=x' publication p
create event trigger e on ddl_command_start execute function note()
create policy p on users
create statistics st on id, name from users
create database other
drop database sample
create tablespace t location '/tmp'
`
  .trim()
  .split('\n');
