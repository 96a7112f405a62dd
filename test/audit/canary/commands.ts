/** Copies that psql is told to make. */
export const copies: readonly string[] = [
  'copy people to stdout',
  'copy people (id, email) to stdout',
  'copy (select email, id from people order by id) to stdout',
  'copy people to stdout with (format csv, header, force_quote *)',
  "copy people to stdout with (format csv, delimiter ';', quote '''', null 'nil')",
  "copy people to stdout with (delimiter '|', null '')",
  'copy people to stdout with binary',
  'copy people to stdout csv',
  'copy (select reverse(email), name, note from people) to stdout (format csv)',
  'copy (select * from everyone) to stdout',
  'copy (update people set name = name returning email, name) to stdout',
  'copy parts_1 to stdout',
  'copy made to stdout',
  "copy people to stdout with (encoding 'latin1')",
  '\\copy people to stdout',
  '\\copy (select email, name, note from people) to stdout csv',
];

/** What else it is told, each in a session of its own. */
export const sessions: readonly (readonly [name: string, ...commands: string[]])[] = [
  ['a cursor', 'begin; declare c cursor for select email, phone from people; fetch all from c; fetch prior from c'],
  ['a cursor of its own transaction', 'begin', 'declare c cursor with hold for table people', 'commit', 'fetch all from c'],
  ['a binary cursor', 'begin; declare c binary cursor for select email, pin, account, token, raw from people; fetch all from c'],
  ['PREPARE and EXECUTE', 'prepare s as select * from people where id = $1', 'execute s(1)', 'explain execute s(2)'],
  ['a temporary table', 'create temp table t as select * from people; select * from t; select email from t'],
  ['psql itself', '\\d people', '\\d+ everyone', '\\df+ mail_of', '\\gset', '\\x', 'select * from people'],
  ['an error within a text', 'select 1; select email::int from people; select 2'],
  ['a block', "do $$ declare e text; begin select email into e from people; raise warning 'is %', e using detail = e, hint = e; end $$"],
  [
    'a block that fails',
    'do $$ begin raise exception using message = (select email from people limit 1), column = (select phone from people limit 1); end $$',
  ],
  ['an error of its own code', "do $$ begin raise exception '%', (select phone from people limit 1) using errcode = '22012'; end $$"],
  ['a query in words', "select query_to_xml('select email from people', true, false, '')"],
  ['a table in words', "select table_to_xml('people', true, false, '')"],
  ['a notification', 'listen news', "select pg_notify('news', email) from people", 'select 1'],
  ['a setting', "select set_config('application_name', email, false) from people limit 1", 'show application_name'],
  [
    'a setting, read',
    "select set_config('application_name', email, false) from people limit 1; select current_setting('application_name')",
  ],
  [
    'settings, read',
    "select set_config('app.x', email, false) from people limit 1; select current_setting('app.x'), name, setting from pg_settings where name = 'application_name'",
  ],
  [
    'a setting, by others',
    "select count(set_config('application_name', email, false)) from people; select application_name from pg_stat_activity",
  ],
  [
    'a setting of time',
    "select set_config('TimeZone', '<' || left(title::text, 6) || '>0', false) from people limit 1; show timezone; select now()",
  ],
  [
    'a trigger',
    "create function tell() returns trigger language plpgsql as $$ begin raise notice 'row %', new; perform pg_notify('news', new::text); return new; end $$; begin; create trigger t before update on people for each row execute function tell(); listen news; update people set name = name; rollback",
  ],
  ['the cache of plans', 'prepare s as select email from people', 'execute s', 'select statement from pg_prepared_statements'],
  [
    'verbose errors',
    '\\set VERBOSITY verbose',
    'select email::int from people',
    'insert into people select 3, name, email from people limit 1',
  ],
  ['crosstab by hand', 'select max(email) filter (where id = 1), max(email) filter (where id = 2) from people \\crosstabview'],
  ['\\gexec', "select format('select %L', email) from people \\gexec"],
];
