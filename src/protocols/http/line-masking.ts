import type { Tally } from '../../core/masking.ts';
import { type BodyMask, type MaskedPiece, Withheld } from './body-mask.ts';
import { decodedText } from './text-encoding.ts';

/** How long a line, and all of one event, may be. */
const longestHeld = 1024 * 1024;

/** What is known of one piece of a text that comes in lines. */
export interface PieceMasks {
  /** The text with what must not be seen masked, or null where it is no JSON. */
  readonly json: (text: string, tally: Tally) => string | null;
  /** The same by what values look like. */
  readonly look: (text: string, tally: Tally) => string;
  /** Whether any rule names places in JSON, which only a whole document has. */
  readonly byPlace: boolean;
}

/** Shown as it comes, up to where nothing that follows can belong to what was read. */
class HeldMask implements BodyMask {
  readonly tally: Tally;
  readonly #mask: (text: string) => string;
  readonly #endOf: (bytes: Buffer) => number;
  #held: Buffer = Buffer.alloc(0);
  /** Whether the last byte shown was a carriage return, whose line feed may still come. */
  #returned = false;

  constructor(mask: (text: string) => string, endOf: (bytes: Buffer) => number, tally: Tally) {
    this.#mask = mask;
    this.#endOf = endOf;
    this.tally = tally;
  }

  piece(bytes: Buffer): MaskedPiece | null {
    if (bytes.length === 0) return null;
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const feed = this.#returned && all[0] === lineFeed ? 1 : 0;
    const end = feed + this.#endOf(all.subarray(feed));
    // The memory of what comes is lent.
    this.#held = Buffer.from(all.subarray(end));
    if (this.#held.length > longestHeld) throw new Withheld('a line or an event that is too long to be masked');
    if (end === 0) return null;
    this.#returned = all[end - 1] === carriageReturn;
    return this.#shown(all.subarray(0, end), feed);
  }

  end(): MaskedPiece | null {
    const feed = this.#returned && this.#held[0] === lineFeed ? 1 : 0;
    return this.#held.length === 0 ? null : this.#shown(this.#held, feed);
  }

  #shown(original: Buffer, feed: number): MaskedPiece {
    const text = this.#mask(decodedText(original.subarray(feed), 'utf-8', 'a text in lines'));
    return { shown: Buffer.from(`${feed === 1 ? '\n' : ''}${text}`, 'utf8'), original };
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Lines that are JSON, each by itself (NDJSON, and RFC 7464 with its separators). */
export function jsonLinesMask(masks: PieceMasks, tally: Tally): BodyMask {
  const masked = (line: string) => {
    const [, before = '', content = ''] = /^([\ufeff\x1e]*)(.*)$/s.exec(line) ?? [];
    if (content.trim() === '') return line;
    const shown = masks.json(content, tally);
    if (shown !== null) return before + shown;
    // It may be a part of a document that goes on in the lines behind it, each of which may look whole.
    if (masks.byPlace) throw new Withheld('a line that is no JSON by itself, in which the places that are masked cannot be found');
    return before + masks.look(content, tally);
  };
  const each = (text: string) => {
    const parts = text.split(lineEnds);
    return parts.map((part, index) => (index % 2 === 1 ? part : masked(part))).join('');
  };
  return new HeldMask(each, (bytes) => Math.max(bytes.lastIndexOf(lineFeed), bytes.lastIndexOf(carriageReturn)) + 1, tally);
}

const lineEnds = /(\r\n|\n|\r)/;

/** Server-sent events: what an event says is one text, however many lines it takes. */
export function eventsMask(masks: PieceMasks, tally: Tally): BodyMask {
  return new HeldMask((text) => new EventMasks(masks, tally).shown(text), endOfEvents, tally);
}

const isData = /^\ufeff?data(?=:|$)/;

/** Behind the last event that is whole, and what other lines follow it before there is data again. */
function endOfEvents(bytes: Buffer): number {
  const hasReturns = bytes.includes(carriageReturn);
  let [end, within] = [0, false];
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(lineFeed, at);
    const back = hasReturns ? bytes.indexOf(carriageReturn, at) : -1;
    if (feed === -1 && back === -1) break;
    const stop = feed === -1 || (back !== -1 && back < feed) ? back : feed;
    const next = stop + (stop === back && feed === back + 1 ? 2 : 1);
    if (stop === at) within = false;
    else within ||= isData.test(bytes.toString('utf8', at, Math.min(stop, at + 16)));
    if (!within) end = next;
    at = next;
  }
  return end;
}

/** What a stream says at its end by itself, such as [DONE]: no string of JSON stands without its quotes. */
const mark = /^\[[A-Z_]{1,32}\]$/;
const unreadable = '[redacted:unreadable]';

/** Masks whole events. */
class EventMasks {
  readonly #masks: PieceMasks;
  readonly #tally: Tally;
  readonly #out: string[] = [];
  /** Where in it the lines of the data of this event stand. */
  #data: number[] = [];

  constructor(masks: PieceMasks, tally: Tally) {
    this.#masks = masks;
    this.#tally = tally;
  }

  shown(text: string): string {
    const parts = text.split(lineEnds);
    for (let index = 0; index < parts.length; index += 2) {
      const line = parts[index] ?? '';
      if (line === '') this.#dispatch();
      if (isData.test(line)) this.#data.push(this.#out.length);
      this.#out.push(isData.test(line) ? line : this.#field(line), parts[index + 1] ?? '');
    }
    this.#dispatch();
    return this.#out.join('');
  }

  #dispatch(): void {
    const lines = this.#data.splice(0);
    const [first] = lines;
    if (first === undefined) return;
    const said = lines.map((at) => /^\ufeff?data(?:: ?)?(.*)$/s.exec(this.#out[at] ?? '')?.[1] ?? '').join('\n');
    const shown = this.#said(said);
    if (shown === said) return;
    const [, before = ''] = /^(\ufeff?)/.exec(this.#out[first] ?? '') ?? [];
    const end = this.#out[first + 1] || '\n';
    const last = this.#out[(lines.at(-1) ?? first) + 1] ?? '';
    for (const at of lines) this.#out.fill('', at, at + 2);
    const shownLines = shown.split('\n').map((line) => `data: ${line}`);
    this.#out[first] = before + shownLines.join(end);
    this.#out[first + 1] = lines.length === 1 ? last : end;
  }

  #said(said: string): string {
    if (said.trim() === '') return said;
    const masked = this.#masks.json(said, this.#tally);
    if (masked !== null) return masked;
    return this.#masks.byPlace && !mark.test(said) ? unreadable : this.#masks.look(said, this.#tally);
  }

  /** Names and ids of events have no place in JSON; comments and what is no field are read by nobody. */
  #field(line: string): string {
    const [, before = '', content = ''] = /^(\ufeff?(?:(?:event|id|retry)?: ?)?)(.*)$/s.exec(line) ?? [];
    if (content.trim() === '') return line;
    if (/^\ufeff?[eir]/.test(before) || !this.#masks.byPlace) return before + this.#masks.look(content, this.#tally);
    return before + unreadable;
  }
}
