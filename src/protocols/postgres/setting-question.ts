import type { SettingAnswer } from './session-setting.ts';

const most = { names: 40, characters: 4_096, relations: 1_000 } as const;

/**
 * Asks all of a session's setting that decides what its statements mean. Every name in it is qualified, for the search path is
 * what is asked for.
 */
export const settingQuestion = `select pg_catalog.json_build_object(
'path', pg_catalog.current_schemas(true), 'user', current_user,
'strings', pg_catalog.current_setting('standard_conforming_strings'),
'temporary', (select pg_catalog.json_agg(relname) from (select relname from pg_catalog.pg_class
where relnamespace operator(pg_catalog.=) pg_catalog.pg_my_temp_schema() limit ${most.relations}) c),
'prepared', (select pg_catalog.json_object_agg(name, pg_catalog.left(statement, ${most.characters})) from
(select name, statement from pg_catalog.pg_prepared_statements order by prepare_time desc limit ${most.names}) p),
'cursors', (select pg_catalog.json_object_agg(name, pg_catalog.left(statement, ${most.characters})) from
(select name, statement from pg_catalog.pg_cursors where name operator(pg_catalog.<>) '' order by creation_time desc limit ${most.names}) c))`;

/** Null where the answer is none. */
export function readSettingAnswer(value: string | null): SettingAnswer | null {
  if (value === null || value === '') return null;
  const answer = JSON.parse(value) as SettingAnswer;
  const temporary = answer.temporary ?? [];
  return {
    ...answer,
    // Temporary relations are told apart from the path: they come first wherever they are not named there.
    path: answer.path.filter((schema) => !schema.startsWith('pg_temp')),
    temporary: temporary.length >= most.relations ? null : temporary,
  };
}
