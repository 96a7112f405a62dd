import type { SchemaSnapshot } from './schema-snapshot.ts';

/** What a session has set that decides what its statements mean. */
export interface Setting {
  /** The schemas that an unqualified name is looked up in, in order: see {@link effectivePath}. */
  readonly searchPath: readonly string[];
  readonly standardConformingStrings: boolean;
  /** The names of the session's temporary relations; null where it may have any. */
  readonly temporary: ReadonlySet<string> | null;
  /** The text of what was prepared under this name, by SQL or by the protocol; null where that is not known. */
  readonly prepared: (name: string) => string | null;
  /** The text that declared this cursor; null where that is not known. */
  readonly cursor: (name: string) => string | null;
}

export interface Context {
  readonly snapshot: SchemaSnapshot;
  readonly setting: Setting;
}

/**
 * The schemas that PostgreSQL looks into for this value of `search_path`: `"$user"` stands for the user's name, and
 * `pg_catalog` comes first unless it is named. `pg_temp` is left out: {@link Setting.temporary} says what it holds.
 */
export function effectivePath(searchPath: string, user: string): readonly string[] {
  const listed = splitNames(searchPath)
    .map((name) => (name === '$user' ? user : name))
    .filter((name) => name !== '' && name !== 'pg_temp');
  return listed.includes('pg_catalog') ? listed : ['pg_catalog', ...listed];
}

function splitNames(list: string): readonly string[] {
  return [...list.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"'),
  );
}
