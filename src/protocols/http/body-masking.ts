import { DocumentMasks } from '../../core/document-masking.ts';
import { type SessionMasking, Tally } from '../../core/masking.ts';
import { bodyKindOf, charsetOf, mediaTypeOf } from './media.ts';

/** A body that cannot be shown to who may not see all of it, and why. */
export class Withheld extends Error {}

/** How long a body may be that must be known whole to be masked, and how long a line of one that comes in lines. */
const longestBody = 16 * 1024 * 1024;
const longestLine = 1024 * 1024;
/** In UTF-16 units; the masking searches no longer text at once. */
const longestText = 200_000;

const inLines = /^(text\/event-stream|application\/(x-ndjson|ndjson|jsonl|jsonlines|json-seq))$/;

/** A piece of a body as it is shown, and as the target said it. */
export interface MaskedPiece {
  readonly shown: Buffer;
  readonly original: Buffer;
}

/** One reply's body on its way through masking: pieces in, masked pieces out. */
export interface BodyMask {
  piece(bytes: Buffer): MaskedPiece | null;
  end(): MaskedPiece | null;
  readonly tally: Tally;
}

/** What masks the replies of one session. */
export class BodyMasks {
  readonly #masking: SessionMasking;
  readonly #documents: DocumentMasks;

  constructor(masking: SessionMasking) {
    this.#masking = masking;
    this.#documents = new DocumentMasks(masking);
  }

  /** Whether what is masked goes on record, sealed. */
  get keepsOriginals(): boolean {
    return this.#masking.keepsOriginals;
  }

  of(contentType: string): BodyMask {
    const mediaType = mediaTypeOf(contentType);
    const charset = charsetOf(contentType);
    const tally = new Tally();
    if (inLines.test(mediaType)) return new LineMask((line) => this.#line(line, mediaType, tally), tally);
    const json = bodyKindOf(mediaType) === 'json';
    if (!json && mediaType !== '' && bodyKindOf(mediaType) === 'bytes') return new NoMask(mediaType, tally);
    return new WholeMask((bytes) => this.#whole(bytes, charset, json || mediaType === '', mediaType, tally), tally);
  }

  /** A header's value. */
  text(value: string, tally: Tally): string {
    return this.#masking.text(value, tally);
  }

  /** One message that is whole by itself. */
  message(text: string, tally: Tally): string {
    const masked = this.#documents.json(text, tally);
    return masked ?? this.#text(text, 'a message', tally);
  }

  #whole(bytes: Buffer, charset: string, json: boolean, mediaType: string, tally: Tally): Buffer {
    const text = decodedText(bytes, charset, mediaType);
    const masked = json ? this.#documents.json(text, tally) : null;
    // Whoever says that it is JSON and it is not may still say something: it is masked as the text that it is.
    const shown = masked ?? this.#text(text, mediaType === '' ? 'no type' : mediaType, tally);
    if (charset === 'utf-8' || isAscii(shown)) return Buffer.from(shown, 'utf8');
    throw new Withheld(`a body in ${charset} that must be masked`);
  }

  #text(text: string, what: string, tally: Tally): string {
    if (this.#masking.byPlace) throw new Withheld(`${what}, in which the places that are masked cannot be found`);
    let shown = '';
    for (let at = 0; at < text.length; ) {
      const end = windowEnd(text, at);
      shown += this.#masking.text(text.slice(at, end), tally);
      at = end;
    }
    return shown;
  }

  /** A line of an event stream has its data behind a colon. */
  #line(line: string, mediaType: string, tally: Tally): string {
    const [, before = '', content = ''] =
      mediaType === 'text/event-stream' ? (/^((?:data|id|event)?: ?)?(.*)$/s.exec(line) ?? []) : ['', '', line];
    if (content.trim() === '') return line;
    const masked = this.#documents.json(content, tally);
    if (masked !== null) return before + masked;
    if (this.#masking.byPlace && before.startsWith('data')) return `${before}[redacted:unreadable]`;
    return before + (this.#masking.byPlace ? content : this.#text(content, 'a line', tally));
  }
}

/** As much as is searched at once, up to the end of a line where there is one. */
function windowEnd(text: string, at: number): number {
  if (text.length - at <= longestText) return text.length;
  const line = text.lastIndexOf('\n', at + longestText);
  return line > at ? line + 1 : at + longestText;
}

function isAscii(text: string): boolean {
  return /^[\t\n\r\x20-\x7e]*$/.test(text);
}

function decodedText(bytes: Buffer, charset: string, mediaType: string): string {
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes);
    if (mediaType === '' && /[\0-\x08\x0e-\x1f]/.test(text)) throw new RangeError('control characters');
    return text;
  } catch {
    throw new Withheld(`${mediaType === '' ? 'a body without a type' : mediaType} that is no text in ${charset}`);
  }
}

/** Known whole before any of it is shown. */
class WholeMask implements BodyMask {
  readonly tally: Tally;
  readonly #finish: (bytes: Buffer) => Buffer;
  readonly #held: Buffer[] = [];
  #length = 0;

  constructor(finish: (bytes: Buffer) => Buffer, tally: Tally) {
    this.#finish = finish;
    this.tally = tally;
  }
  piece(bytes: Buffer): null {
    this.#held.push(Buffer.from(bytes));
    this.#length += bytes.length;
    if (this.#length > longestBody) throw new Withheld(`a body of more than ${longestBody} bytes, which is too long to be masked`);
    return null;
  }
  end(): MaskedPiece | null {
    if (this.#length === 0) return null;
    const original = Buffer.concat(this.#held);
    return { shown: this.#finish(original), original };
  }
}

/** Shown line by line, as it comes. */
class LineMask implements BodyMask {
  readonly tally: Tally;
  readonly #mask: (line: string) => string;
  #held: Buffer = Buffer.alloc(0);

  constructor(mask: (line: string) => string, tally: Tally) {
    this.#mask = mask;
    this.tally = tally;
  }
  piece(bytes: Buffer): MaskedPiece | null {
    const all = Buffer.concat([this.#held, bytes]);
    const end = Math.max(all.lastIndexOf(0x0a), all.lastIndexOf(0x0d)) + 1;
    this.#held = all.subarray(end);
    if (this.#held.length > longestLine) throw new Withheld('a line that is too long to be masked');
    return end === 0 ? null : this.#lines(all.subarray(0, end));
  }
  end(): MaskedPiece | null {
    return this.#held.length === 0 ? null : this.#lines(this.#held);
  }
  #lines(original: Buffer): MaskedPiece {
    const parts = original.toString('utf8').split(/(\r\n|\n|\r)/);
    const shown = Buffer.from(parts.map((part, index) => (index % 2 === 1 ? part : this.#mask(part))).join(''), 'utf8');
    return { shown, original };
  }
}

/** What cannot be read cannot be masked. An empty body has nothing to be masked. */
class NoMask implements BodyMask {
  readonly tally: Tally;
  readonly #mediaType: string;

  constructor(mediaType: string, tally: Tally) {
    this.#mediaType = mediaType;
    this.tally = tally;
  }
  piece(bytes: Buffer): null {
    if (bytes.length > 0) throw new Withheld(`${this.#mediaType}, which cannot be masked`);
    return null;
  }
  end(): null {
    return null;
  }
}
