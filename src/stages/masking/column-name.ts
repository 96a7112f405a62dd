/** The columns that a rule covers: identifiers as the catalog has them, null for any. */
export interface ColumnPattern {
  readonly connection: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string | null;
}

/** The places in documents that a rule covers, and all that is within them: the names on the way, `*` for any one and `**` for any number. */
export interface PointerPattern {
  readonly connection: string | null;
  readonly pointer: readonly string[];
}

/** RFC 6901, but that `*` and `**` stand for what they stand for elsewhere; `~1` is a slash in a name, `~0` a tilde. */
const pointerShape = /^(\*|[a-z0-9][a-z0-9_-]{0,62}):((?:\/(?:[^/~]|~[01])+)+)$/;

const part = /\*|"(?:[^"]|"")+"|[^\s".:*]+/y;
const shape = 'expected connection:schema.table.column, such as orders:public.users.email';

/**
 * Reads `connection:schema.table.column`. As in SQL, an identifier without quotes is in lower case, and one in double quotes is
 * as it stands; `*` is any. Returns what is wrong as text, with its remedy after a semicolon.
 */
export function readColumn(text: string): ColumnPattern | PointerPattern | string {
  if (text.includes(':/')) return readPointer(text);
  const names: (string | null)[] = [];
  let at = 0;
  for (const separator of [':', '.', '.', '']) {
    part.lastIndex = at;
    const match = part.exec(text)?.[0];
    if (match === undefined)
      return `${shape}; ${at >= text.length ? 'a part is missing at the end' : `at character ${at + 1} a name or * should stand`}`;
    names.push(identifier(match, separator === ':'));
    at += match.length;
    const next = separator === '' ? at === text.length : text.startsWith(separator, at);
    if (!next) return `${shape}; ${complaint(text, at, separator)}`;
    at += separator.length;
  }
  const [connection = null, schema = null, table = null, column = null] = names;
  return { connection, schema, table, column };
}

function readPointer(text: string): PointerPattern | string {
  const [, connection, path] = pointerShape.exec(text) ?? [];
  if (connection === undefined || path === undefined)
    return 'expected connection:/name/name, such as billing:/customers/*/email; write each name as it stands in the document, ~1 for a slash in it';
  return { connection: connection === '*' ? null : connection, pointer: path.slice(1).split('/') };
}

/** The key of a place in a document: a JSON pointer with `*` for each place in a list. Begins with a slash, as no column's key does. */
export function isPointerKey(key: string): boolean {
  return key.startsWith('/');
}

function identifier(match: string, isConnection: boolean): string | null {
  if (match === '*') return null;
  if (match.startsWith('"')) return match.slice(1, -1).replaceAll('""', '"');
  return isConnection ? match : match.toLowerCase();
}

function complaint(text: string, at: number, separator: string): string {
  if (at === text.length) return `after character ${at} "${separator}" should follow`;
  const found = JSON.stringify(text.charAt(at));
  if (separator === '') return `at character ${at + 1} the name should end, found ${found}; put names with other letters in double quotes`;
  return `at character ${at + 1} "${separator}" should stand, found ${found}; * stands for a whole name, and names with other letters need double quotes`;
}

/** The key of a column of a connection's target, by the identifiers in its catalog: the one form for `ResultColumn.sources`. */
export function columnKey(schema: string, table: string, column: string): string {
  return [schema, table, column].map(quoted).join('.');
}

function quoted(identifier: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;
}

/** The column's own identifier in its key. */
export function lastName(key: string): string {
  const quotedName = /"((?:[^"]|"")*)"$/.exec(key)?.[1];
  return quotedName === undefined ? key.slice(key.lastIndexOf('.') + 1) : quotedName.replaceAll('""', '"');
}
