import type { Entry } from '../core/entry.ts';
import { ChaperoneError } from '../core/errors.ts';
import { sessionBytes } from '../core/frame.ts';
import { openSealed, sealedHead } from '../core/originals.ts';
import type { AuditorKey } from './auditor-key.ts';

/** An entry as its auditor sees it. */
export type OpenedEntry = Entry & {
  /** The bytes are what the target said, and not what crossed. */
  readonly original?: true;
};

/**
 * The entries of a recording, from the first one on, with what was sealed in place of what masking made of it. Throws where the key
 * does not fit, and where something that was sealed is missing or is not what it was.
 */
export async function* withOriginals(entries: AsyncIterable<Entry>, auditor: AuditorKey): AsyncGenerator<OpenedEntry> {
  const opening = new Opening(auditor);
  for await (const entry of entries) {
    const seen = await opening.take(entry);
    if (seen !== null) yield seen;
  }
}

class Opening {
  readonly #auditor: AuditorKey;
  #key: Uint8Array | null = null;
  #expected = 0;
  #sequence = 0;
  /** Whether the record says since the last piece that it could not be kept. */
  #gap = false;
  /** How many of the bytes that come next an original was given for. */
  #told = 0;

  constructor(auditor: AuditorKey) {
    this.#auditor = auditor;
  }

  /** Null for what an original stands for. */
  async take(entry: Entry): Promise<OpenedEntry | null> {
    if (entry.sequence !== this.#sequence)
      throw damaged(
        `Entries ${this.#sequence} to ${entry.sequence - 1} of the recording are missing, and with them what was sealed there.`,
      );
    this.#sequence += 1;
    if (entry.kind === 'key') this.#key = await this.#open(entry);
    if (entry.kind === 'gap') this.#gap = true;
    if (entry.kind === 'sealed') return this.#original(entry);
    const told = entry.kind === 'bytes' && entry.direction === 'reply' ? Math.min(this.#told, entry.bytes.length) : 0;
    this.#told = told === 0 ? 0 : this.#told - told;
    return told === 0 ? entry : null;
  }

  async #open({ sequence, recipients, wrapped }: Entry & { kind: 'key' }): Promise<Uint8Array> {
    if (this.#key !== null) throw damaged(`Entry ${sequence} is a second key, and a session has one.`);
    const key = await this.#auditor.sessionKey(wrapped);
    if (key !== null) return key;
    throw new ChaperoneError(
      'REQUEST_INVALID',
      `The identity does not open the originals of this session: they are sealed to ${recipients.join(', ')}.`,
    );
  }

  #original(entry: Entry & { kind: 'sealed' }): OpenedEntry {
    const { bytes, sequence, session, exchange } = entry;
    const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const head = sealedHead(sealed);
    if (this.#key === null) throw damaged(`The key to the sealed original at entry ${sequence} is missing.`);
    const place = { session: sessionBytes(session), exchange, sequence };
    const original = head && openSealed(this.#key, place, sealed);
    if (head === null || original === null) throw damaged(`The sealed original at entry ${sequence} is not what was sealed there.`);
    const missing = head.number - this.#expected;
    if (missing < 0 || (missing > 0 && !this.#gap)) throw damaged(`Sealed originals are missing before entry ${sequence}.`);
    this.#expected = head.number + 1;
    this.#gap = false;
    this.#told = head.standsFor;
    this.#auditor.opened += 1;
    const { at, direction } = entry;
    return { session, sequence, at, exchange, kind: 'bytes', direction, bytes: original, original: true };
  }
}

function damaged(message: string): ChaperoneError {
  return new ChaperoneError('INTERNAL', message);
}
