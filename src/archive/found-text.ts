import type { Direction } from '../core/entry.ts';
import type { Json } from '../core/json.ts';
import type { Part } from '../core/part.ts';

/** Stands between two cells, so that no search finds what begins in one and ends in the next. */
export const cellSeparator = '\u001f';
/**
 * How much is indexed for one exchange, in UTF-16 units. What was sent to a target can be looked for further than what came back: a
 * pushed line or a copied row is somebody's deed, of which there are few, and results are long.
 */
const limits = { request: 1024 * 1024, reply: 64 * 1024 } as const satisfies Record<Direction, number>;
/** A peer's document is walked this far; what lies deeper or beyond is not indexed. */
const leafLimit = 50_000;

/** The bounded part of an exchange's parts that search looks through: whole cells, until one does not fit. */
export class FoundText {
  #pieces: string[] = [];
  #size = 0;
  #inText = false;
  #limit: number = limits.reply;
  cut = false;

  add(part: Part, direction: Direction): void {
    this.#limit = limits[direction];
    switch (part.shape) {
      case 'rows':
        return this.#rows(part.rows);
      case 'document':
        return this.#document(part.value);
      case 'text':
        return this.#text(part.text);
      case 'terminal':
        if (part.event !== 'resize') this.#text(withoutControls(part.text));
        return;
      case 'bytes':
      case 'mark':
        return;
    }
  }

  /** In UTF-16 units. */
  get length(): number {
    return this.#size;
  }

  toString(): string {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join('')];
    return this.#pieces[0] ?? '';
  }

  #rows(rows: readonly (readonly (string | null)[])[]): void {
    this.#inText = false;
    for (const row of rows) {
      for (const cell of row) if (cell !== null) this.#cell(cell);
      if (this.cut) return;
    }
  }

  #document(value: Json): void {
    this.#inText = false;
    const waiting: Json[] = [value];
    for (let walked = 0; waiting.length > 0 && !this.cut; walked += 1) {
      if (walked > leafLimit) this.cut = true;
      const next = waiting.pop();
      if (typeof next === 'string') this.#cell(next);
      else if (typeof next === 'object' && next !== null) pushAll(waiting, next);
      else if (next !== null && next !== undefined) this.#cell(String(next));
    }
  }

  /** Pieces of one text follow each other without a separator: a word may be cut by the end of a socket read. */
  #text(text: string): void {
    if (this.cut || text === '') return;
    if (!this.#inText && this.#size > 0) this.#push(cellSeparator);
    this.#inText = true;
    const room = this.#limit - this.#size;
    if (text.length > room) this.cut = true;
    this.#push(text.length > room ? text.slice(0, Math.max(0, room)) : text);
  }

  #cell(cell: string): void {
    if (this.cut || cell === '') return;
    if (this.#size + cell.length + 1 > this.#limit) {
      this.cut = true;
      return;
    }
    if (this.#size > 0) this.#push(cellSeparator);
    this.#push(cell);
  }

  #push(text: string): void {
    this.#pieces.push(text);
    this.#size += text.length;
  }
}

function pushAll(waiting: Json[], value: Exclude<Json, string | number | boolean | null>): void {
  const entries = Array.isArray(value) ? value.map((item): [string, Json] => ['', item]) : Object.entries(value);
  for (const [key, item] of entries.reverse()) {
    waiting.push(item);
    if (key !== '') waiting.push(key);
  }
}

/** What a terminal shows as words; ECMA-48's control sequences and strings, and single controls but for the ends of lines, are none of them. */
function withoutControls(text: string): string {
  return text.replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])|(?![\n\t])\p{Cc}/gu, '');
}
