import { asKind, type Fields, listOf, textOf, unwrap } from './tree.ts';

/** How the rows of a COPY are written. */
export type CopyLayout =
  | { readonly format: 'text'; readonly delimiter: string; readonly null: string; readonly header: boolean }
  | {
      readonly format: 'csv';
      readonly delimiter: string;
      readonly null: string;
      readonly header: boolean;
      readonly quote: string;
      readonly escape: string;
    }
  | { readonly format: 'binary' };

/** Options that say nothing of how a row is written out. */
const beside = new Set(['freeze', 'on_error', 'log_verbosity', 'force_not_null', 'force_null', 'default', 'reject_limit', 'force_quote']);
/** Encodings in which a byte below 128 is what it is in ASCII, wherever it stands. */
const plainEncoding =
  /^(utf-?8|unicode|sql_ascii|latin-?\d{1,2}|iso[-_]?8859[-_]?\d{1,2}|win-?125\d|win-?866|win-?874|koi8[ru]?|euc_?(jp|cn|kr|tw))$/i;

/** Null where an option is not understood: then nothing can be said of where a value begins. */
export function copyLayout(fields: Fields): CopyLayout | null {
  const given = new Map<string, unknown>();
  for (const option of listOf(fields['options'])) {
    const element = asKind(option, 'DefElem');
    if (element === null) return null;
    given.set(String(element['defname']), element['arg']);
  }
  const format = wordOf(given, 'format', 'text');
  const encoding = wordOf(given, 'encoding', 'utf8');
  if (encoding === null || !plainEncoding.test(encoding)) return null;
  for (const name of given.keys()) if (!known.has(name) && !beside.has(name)) return null;
  if (format === 'binary') return { format };
  if (format !== 'text' && format !== 'csv') return null;
  const delimiter = wordOf(given, 'delimiter', format === 'csv' ? ',' : '\t');
  const nullText = wordOf(given, 'null', format === 'csv' ? '' : '\\N');
  const header = truthOf(given, 'header');
  if (delimiter?.length !== 1 || nullText === null || header === null) return null;
  if (format === 'text') return { format, delimiter, null: nullText, header };
  const quote = wordOf(given, 'quote', '"');
  const escape = wordOf(given, 'escape', quote ?? '"');
  return quote?.length !== 1 || escape?.length !== 1 ? null : { format, delimiter, null: nullText, header, quote, escape };
}

const known = new Set(['format', 'encoding', 'delimiter', 'null', 'header', 'quote', 'escape']);

/** An option's word; null where it is none. */
function wordOf(given: ReadonlyMap<string, unknown>, name: string, otherwise: string): string | null {
  if (!given.has(name)) return otherwise;
  const node = unwrap(given.get(name));
  if (node === null) return null;
  const [kind, fields] = node;
  return kind === 'String' ? (textOf(fields['sval']) ?? '') : null;
}

function truthOf(given: ReadonlyMap<string, unknown>, name: string): boolean | null {
  if (!given.has(name)) return false;
  const node = unwrap(given.get(name));
  if (node === null) return true;
  const [kind, fields] = node;
  if (kind === 'Boolean') return fields['boolval'] === true;
  if (kind === 'Integer') return fields['ival'] === 1;
  const word = kind === 'String' ? (textOf(fields['sval']) ?? '').toLowerCase() : null;
  return word === null ? null : ['true', 'on', '1', 'match'].includes(word) ? true : ['false', 'off', '0'].includes(word) ? false : null;
}
