import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';
import type { Field } from '../../core/web.ts';
import { PiecewiseText } from './piecewise-text.ts';
import type { SavedState } from '../../core/saved-state.ts';
import { hasZlibHead } from './decoding.ts';
import { type Coding, codingOf, decodable } from './headers.ts';
import { type BodyKind, bodyKindOf, charsetOf, mediaTypeOf } from './media.ts';
import { multipartParts } from './multipart.ts';
import { bytesPart, textPart } from './shown-parts.ts';

/** A longer document is shown as the text that it is, and what is coded is not taken apart. */
const longestDocument = 4 * 1024 * 1024;
const longestMediaType = 64 * 1024;

interface Nature {
  kind: BodyKind | 'multipart';
  readonly mediaType: string;
  /** `unknown` where it is not taken off. */
  coding: Coding | 'unknown' | null;
}

/** A body, whose pieces are shown as they come where nothing needs the whole. */
export class BodyReader {
  readonly #nature: Nature;
  readonly #text: PiecewiseText;
  #held: Buffer[] = [];
  #heldBytes: number;

  private constructor(nature: Nature, text: PiecewiseText, held: Buffer | null = null) {
    this.#nature = nature;
    this.#text = text;
    if (held !== null) this.#held.push(held);
    this.#heldBytes = held?.length ?? 0;
  }

  static of(fields: readonly Field[]): BodyReader {
    const contentType = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
    const mediaType = mediaTypeOf(contentType);
    const coding = codingOf(fields);
    const kind = coding === 'unknown' ? 'bytes' : mediaType === 'multipart/form-data' ? 'multipart' : bodyKindOf(mediaType);
    return new BodyReader({ kind, mediaType, coding }, new PiecewiseText(charsetOf(contentType)));
  }

  /** Throws RangeError on what `save` cannot have made. */
  static from(saved: SavedState): BodyReader {
    const kind = saved.word('kind', ['json', 'text', 'multipart', 'bytes']);
    const coding = saved.maybe('coding', (name) => saved.word(name, [...decodable, 'unknown'] as const));
    const mediaType = saved.text('mediaType', longestMediaType);
    const held = saved.bytes('held', longestDocument);
    return new BodyReader({ kind, mediaType, coding }, PiecewiseText.from(saved.within('text')), held);
  }

  /** How many bytes it waits with. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Null where another one could not go on here. */
  save(): JsonObject | null {
    const text = this.#text.save();
    if (text === null || this.#nature.mediaType.length > longestMediaType) return null;
    return { ...this.#nature, held: Buffer.concat(this.#held).toString('base64'), text };
  }

  piece(bytes: Buffer): Part[] {
    const { kind, coding } = this.#nature;
    if (kind === 'json' || kind === 'multipart' || (coding !== null && coding !== 'unknown')) return this.#hold(bytes);
    return kind === 'text' ? textPart(this.#text.piece(bytes)) : [bytesPart(bytes)];
  }

  end(): Part[] {
    const { kind, mediaType, coding } = this.#nature;
    const held = Buffer.concat(this.#held.splice(0));
    if (held.length === 0) return kind === 'text' ? textPart(this.#text.end()) : [];
    const plain = coding === null || coding === 'unknown' ? held : decoded(held, coding);
    if (plain === null || kind === 'bytes') return [bytesPart(plain ?? held)];
    if (kind === 'multipart') return multipartParts(plain);
    const text = this.#text.end(plain);
    if (kind === 'text') return textPart(text);
    try {
      return [{ shape: 'document', mediaType, value: JSON.parse(text) as Json }];
    } catch {
      return textPart(text); // It only says that it is JSON.
    }
  }

  #hold(bytes: Buffer): Part[] {
    this.#held.push(Buffer.from(bytes));
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= longestDocument) return [];
    const held = Buffer.concat(this.#held.splice(0));
    this.#heldBytes = 0;
    if (this.#nature.coding === null && this.#nature.kind === 'json') {
      this.#nature.kind = 'text';
      return textPart(this.#text.piece(held));
    }
    this.#nature.kind = 'bytes';
    this.#nature.coding = 'unknown';
    return [bytesPart(held)];
  }
}

function decoded(bytes: Buffer, coding: Coding): Buffer | null {
  const decode = {
    gzip: gunzipSync,
    deflate: hasZlibHead(bytes[0] ?? 0) ? inflateSync : inflateRawSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
  }[coding];
  try {
    return decode(bytes, { maxOutputLength: 4 * longestDocument });
  } catch {
    return null; // Broken, or far longer than it looked.
  }
}
