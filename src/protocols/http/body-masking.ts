import { DocumentMasks } from '../../core/document-masking.ts';
import { type SessionMasking, Tally } from '../../core/masking.ts';
import { type BodyMask, type MaskedPiece, Withheld } from './body-mask.ts';
import { eventsMask, jsonLinesMask, type PieceMasks } from './line-masking.ts';
import { bodyKindOf, charsetOf, mediaTypeOf } from './media.ts';
import { decodedText, encodedText } from './text-encoding.ts';

/** How long a body may be that must be known whole to be masked. */
const longestBody = 16 * 1024 * 1024;
/** In UTF-16 units; the masking searches no longer text at once. */
const longestText = 200_000;

const events = 'text/event-stream';
const jsonLines = /^application\/(x-ndjson|ndjson|x-jsonlines|jsonl|jsonlines|json-seq)$/;

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
    const inLines = mediaType === events || jsonLines.test(mediaType);
    if (inLines && !/^(utf-?8|us-ascii|ascii)$/.test(charset)) return new NoMask(`${mediaType} in ${charset}`, tally);
    if (inLines) return (mediaType === events ? eventsMask : jsonLinesMask)(this.#pieceMasks(), tally);
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
    const text = decodedText(bytes, charset, mediaType === '' ? 'a body without a type' : mediaType, json);
    if (mediaType === '' && /[\0-\x08\x0e-\x1f]/.test(text)) throw new Withheld(`a body without a type that is no text in ${charset}`);
    const masked = json ? this.#documents.json(text, tally) : null;
    // Whoever says that it is JSON and it is not may still say something: it is masked as the text that it is.
    const shown = masked ?? this.#text(text, mediaType === '' ? 'no type' : mediaType, tally);
    const encoded = encodedText(shown, charset);
    if (encoded === null) throw new Withheld(`a body in ${charset} that must be masked`);
    return encoded;
  }

  #pieceMasks(): PieceMasks {
    return {
      json: (text, tally) => this.#documents.json(text, tally),
      look: (text, tally) => this.#byLook(text, tally),
      byPlace: this.#masking.byPlace,
    };
  }

  #text(text: string, what: string, tally: Tally): string {
    if (this.#masking.byPlace) throw new Withheld(`${what}, in which the places that are masked cannot be found`);
    return this.#byLook(text, tally);
  }

  #byLook(text: string, tally: Tally): string {
    let shown = '';
    for (let at = 0; at < text.length; ) {
      const end = windowEnd(text, at);
      shown += this.#masking.text(text.slice(at, end), tally);
      at = end;
    }
    return shown;
  }
}

/** As much as is searched at once, up to the end of a line where there is one. */
function windowEnd(text: string, at: number): number {
  if (text.length - at <= longestText) return text.length;
  const line = text.lastIndexOf('\n', at + longestText);
  return line > at ? line + 1 : at + longestText;
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
