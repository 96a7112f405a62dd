import type { ColumnMask, Tally } from '../../core/masking.ts';
import type { CopyLayout } from '../../sql/copy-layout.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import type { CopyRows } from './copy-rows.ts';
import { joined } from './held-bytes.ts';
import type { RowBuffer } from './row-buffer.ts';
import { decoded } from './row-masking.ts';

const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;

type Layout = Exclude<CopyLayout, { format: 'binary' }>;

/** Rows in the formats text and csv, whose values are read by the bytes that end and quote them. */
export class CopyTextRows implements CopyRows {
  readonly #layout: Layout;
  readonly #masks: readonly (ColumnMask | null)[];
  readonly #tally: Tally;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #null: Buffer;
  #held: Buffer | null = null;
  #headerDue: boolean;
  /** Where each value of the row begins and ends. */
  #ends: number[] = [];

  constructor(layout: Layout, masks: readonly (ColumnMask | null)[], tally: Tally) {
    this.#layout = layout;
    this.#masks = masks;
    this.#tally = tally;
    this.#delimiter = layout.delimiter.charCodeAt(0);
    this.#quote = layout.format === 'csv' ? layout.quote.charCodeAt(0) : -1;
    this.#escape = layout.format === 'csv' ? layout.escape.charCodeAt(0) : BACKSLASH;
    this.#null = Buffer.from(layout.null, 'utf8');
    this.#headerDue = layout.header;
  }

  feed(bytes: Buffer, out: RowBuffer): void {
    const buffer = joined(this.#held, bytes);
    let at = 0;
    for (let end = this.#scan(buffer, at); end !== -1; end = this.#scan(buffer, at)) {
      this.#row(buffer, at, end, out);
      out.copy(buffer, end, end + 1);
      at = end + 1;
    }
    this.#held = at === buffer.length ? null : Buffer.from(buffer.subarray(at));
  }

  finish(out: RowBuffer): void {
    const rest = this.#held;
    this.#held = null;
    if (rest === null) return;
    // Without its line feed the last row ends where the copy does.
    const end = this.#scan(Buffer.concat([rest, Buffer.from([LINE_FEED])]), 0);
    if (end !== rest.length) throw new MalformedBytes('a copy that ends within a quoted value');
    this.#row(rest, 0, end, out);
  }

  /** The end of the row that begins at `from`, or -1; notes the ends of its values. */
  #scan(buffer: Buffer, from: number): number {
    this.#ends = [];
    const quote = this.#quote;
    let quoted = false;
    for (let at = from; at < buffer.length; at += 1) {
      const byte = buffer[at];
      if (quoted) {
        if (byte === this.#escape && this.#isEscaped(buffer[at + 1])) at += 1;
        else if (byte === quote) quoted = false;
      } else if (byte === quote) quoted = true;
      else if (byte === BACKSLASH && quote === -1) at += 1;
      else if (byte === this.#delimiter || byte === LINE_FEED) {
        this.#ends.push(at);
        if (byte === LINE_FEED) return at;
      }
    }
    return -1;
  }
  #isEscaped(next: number | undefined): boolean {
    return next === this.#quote || next === this.#escape;
  }

  #row(buffer: Buffer, from: number, end: number, out: RowBuffer): void {
    if (this.#headerDue) {
      this.#headerDue = false;
      return out.copy(buffer, from, end);
    }
    // A row without columns is an empty line.
    const count = this.#masks.length === 0 && from === end ? 0 : this.#ends.length;
    if (count !== this.#masks.length) throw new MalformedBytes(`a row of ${count} columns in a copy of ${this.#masks.length}`);
    let kept = from;
    let start = from;
    for (const [index, mask] of this.#masks.entries()) {
      const stop = this.#ends[index] ?? end;
      const value = mask === null ? null : this.#masked(mask, buffer, start, stop);
      if (value !== null) {
        out.copy(buffer, kept, start);
        out.copy(value, 0, value.length);
        kept = stop;
      }
      start = stop + 1;
    }
    out.copy(buffer, kept, end);
  }

  /** What takes the place of a value; null where it stays. */
  #masked(mask: ColumnMask, buffer: Buffer, from: number, to: number): Buffer | null {
    if (buffer.compare(this.#null, 0, this.#null.length, from, to) === 0) return null;
    const { text, encoding } = decoded(buffer, from, to);
    const value = this.#read(text);
    const masked = mask.apply(value, this.#tally);
    if (masked === null) return this.#null;
    return masked === value ? null : Buffer.from(this.#write(masked), encoding);
  }

  #read(text: string): string {
    const { format } = this.#layout;
    if (format === 'text') return text.replaceAll(/\\(x[0-9a-f]{1,2}|[0-7]{1,3}|[^])/gi, (_whole, code: string) => unescaped(code));
    const { quote, escape } = this.#layout;
    if (!text.includes(quote)) return text;
    let value = '';
    let quoted = false;
    for (let at = 0; at < text.length; at += 1) {
      const letter = text.charAt(at);
      const next = text.charAt(at + 1);
      if (quoted && letter === escape && (next === quote || next === escape)) {
        value += next;
        at += 1;
      } else if (letter === quote) quoted = !quoted;
      else value += letter;
    }
    return value;
  }

  #write(value: string): string {
    const { format, delimiter } = this.#layout;
    if (format === 'text') {
      const escaped = value.replaceAll(/[\\\b\f\n\r\t\v]/g, (letter) => escapes[letter] ?? letter);
      return delimiter === '\t' ? escaped : escaped.replaceAll(delimiter, () => `\\${delimiter}`);
    }
    const { quote, escape } = this.#layout;
    let inner = value.replaceAll(escape, () => escape + escape);
    if (escape !== quote) inner = inner.replaceAll(quote, () => escape + quote);
    return quote + inner + quote;
  }
}

const escapes: { readonly [letter: string]: string } = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const meanings: { readonly [code: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescaped(code: string): string {
  if (code.length > 1 || /[0-7]/.test(code))
    return code.charAt(0) === 'x' ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : String.fromCharCode(Number.parseInt(code, 8));
  return meanings[code] ?? code;
}
