import type { SessionMasking, Tally } from '../../core/masking.ts';
import { cstring, encodeMessage } from './messages.ts';

/** Fields of a message that say what it is, and quote nothing: severity, code, position, and where in the server it arose. */
const plainFields = new Set(['S', 'V', 'C', 'P', 'F', 'L', 'R']);
const names = new Set(['s', 't', 'c', 'd', 'n']);
/** Where a text comes from that somebody has written into a function of his own: it may say anything. */
const written = /^(pl_exec|plpy_.*|plperl|pltcl|plv8.*|pllua.*)\.c(c|pp)?$/i;

type Field = readonly [letter: string, text: string];

/** What the client has said in what is being answered. */
export interface Said {
  readonly text: string;
  /**
   * Whether a masked column has a part in it: then what the server quotes may be a value even where the client has said the same,
   * since a text can list every letter there is.
   */
  readonly touches: boolean;
}
export const nothingSaid: Said = { text: '', touches: true };

/** What an error or a notice says, as far as the client may see it. */
export function maskFields(fields: readonly Field[], said: Said, masking: SessionMasking, tally: Tally): readonly Field[] {
  if (masking.allMayBeSeen()) return fields;
  if (!masking.byColumn) return fields.map(([letter, text]) => [letter, plainFields.has(letter) ? text : masking.text(text, tally)]);
  const told = new Map(fields);
  const own = written.test(told.get('F') ?? '') || !told.has('F');
  // With a position in the client's text it is the parser that speaks, which has read that text and the catalog alone.
  const parser = told.has('P') && !own;
  const asked = said.touches ? '' : said.text;
  const things = new Set(own ? [] : fields.flatMap(([letter, text]) => (names.has(letter) ? [text] : [])));
  const known = (part: string) => things.has(part) || asked.includes(part);
  return fields.flatMap(([letter, text]): Field[] => {
    if (plainFields.has(letter)) return [[letter, text]];
    if (parser && (letter === 'M' || letter === 'H')) return [[letter, masking.text(text, tally)]];
    if (letter === 'M') return [[letter, own ? withhold('message', tally) : maskQuoted(text, known, masking, tally)]];
    if (letter === 'H' && !own) return [[letter, maskQuoted(text, known, masking, tally)]];
    if (names.has(letter) && !own) return [[letter, text]];
    // A detail quotes the row, a context the value, an internal query what it was made of.
    if (letter === 'D') return [[letter, withhold('detail', tally)]];
    tally.add('words', null, fieldWords[letter] ?? 'field');
    return [];
  });
}

const fieldWords: { readonly [letter: string]: string } = { W: 'context', q: 'query', H: 'hint' };

/** Whether what is quoted is known to be no value. */
type Known = (part: string) => boolean;

function withhold(what: string, tally: Tally): string {
  tally.add('words', null, what);
  return `[redacted:${what}]`;
}

/** Quoted in any of the ways that PostgreSQL's languages have, hexadecimal, or a number. */
const quoted = /"(?:[^"]|"")*"|'(?:[^']|'')*'|[«„“”»‘’‚「『][^«„“”»‘’‚「『」』]*[«„“”»‘’‚」』]|\b0x[0-9a-f]+\b|\d[\w.,:+-]*/giu;

/**
 * The server's own sentence stays, and what it quotes where the client has said it himself or it is the name of a thing. All
 * else may be a value: `invalid input syntax for type integer: "bob@example.com"`.
 */
function maskQuoted(text: string, known: Known, masking: SessionMasking, tally: Tally): string {
  let from = 0;
  let sentence = '';
  for (const { 0: part, index } of text.matchAll(quoted)) {
    sentence += text.slice(from, index) + maskPart(part, known, tally);
    from = index + part.length;
  }
  sentence += text.slice(from);
  // An open quotation, cut off by the server or in a manner that is not known here.
  if (/["'«»„“”‘’‚]/.test(sentence.replaceAll(quoted, ''))) return withhold('message', tally);
  return masking.text(sentence, tally);
}

function maskPart(part: string, known: Known, tally: Tally): string {
  const opening = part.charAt(0);
  const inner = /\w/.test(opening) ? part : part.slice(1, -1);
  if (inner === '' || known(inner)) return part;
  tally.add('words', null, 'value');
  return /\w/.test(opening) ? '[redacted]' : `${opening}[redacted]${part.at(-1) ?? ''}`;
}

/** A setting's value that nobody has written. */
export function maskName(_value: string, tally: Tally): string {
  return withhold('setting', tally);
}

/** A plan, in any of its formats: the literals in it that the client has not written. */
export function maskPlan(text: string, asked: string, masking: SessionMasking, tally: Tally): string {
  const masked = text.replaceAll(/'((?:[^']|'')*)'/g, (literal, inner: string) => {
    if (inner === '' || asked.includes(inner)) return literal;
    tally.add('words', 'QUERY PLAN', 'value');
    return "'[redacted]'";
  });
  return masking.text(masked, tally);
}

/** Reads the fields of an ErrorResponse or NoticeResponse, all of them. */
export function readFields(body: Buffer): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    if (end === -1) break;
    fields.push([String.fromCharCode(body[at] ?? 0), body.toString('utf8', at + 1, end)]);
    at = end + 1;
  }
  return fields;
}

export function encodeFields(type: 'E' | 'N', fields: readonly Field[]): Buffer {
  const encoded = fields.map(([letter, text]) => Buffer.concat([Buffer.from(letter, 'latin1'), cstring(text)]));
  return encodeMessage(type, ...encoded, Buffer.alloc(1));
}
