import { createCipheriv, createDecipheriv } from 'node:crypto';

/*
 * What masking took the place of, sealed for auditors. Each piece is encrypted by AES-256-GCM with a key of its session alone; that
 * key stands in the record encrypted to the auditors' public keys, and in memory until the session ends. A sealed piece is
 *   u48 its number among the session's, from 0 · u32 how many of the reply bytes that follow it stands for · ciphertext · 16 bytes tag
 * Its number is the nonce; the entry that it is in, the session and the exchange are authenticated with it, so that no piece can be
 * moved to another place.
 */
const headBytes = 10;
const tagBytes = 16;
const cipher = 'aes-256-gcm';
const context = Buffer.from('chaperone original 1\n', 'latin1');

/** How much of an original is sealed in one piece: a piece must fit into one entry. */
export const longestOriginal = 8 * 1024 * 1024;

/** The key of one session, and the same encrypted to whoever may open what it seals. */
export interface SessionKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The public keys that can open it. */
  readonly recipients: readonly string[];
  /** The key, encrypted to all of them: an age file, armored. */
  readonly wrapped: string;
}

/** The port that stages/originals fills. Rejects where no key can be made: then no session may begin whose originals must be kept. */
export interface Originals {
  key(): Promise<SessionKey>;
  /** Takes back a key that has sealed nothing. */
  unused(key: SessionKey): void;
}

/** The entry that a sealed piece is in. */
export interface SealedPlace {
  /** The session's UUID in its 16 bytes. */
  readonly session: Uint8Array;
  readonly exchange: number;
  readonly sequence: number;
}

/** Seals what one session's masking takes the place of. */
export class Seal {
  readonly #originals: Originals;
  #key: SessionKey | null;
  #pieces = 0;

  constructor(originals: Originals, key: SessionKey) {
    this.#originals = originals;
    this.#key = key;
  }

  /** What must be on record before the first piece; null once it was asked for. */
  begin(): Pick<SessionKey, 'recipients' | 'wrapped'> | null {
    return this.#pieces === 0 ? this.#key : null;
  }

  /** One piece, up to `longestOriginal`. Throws once the session is over. */
  seal(place: SealedPlace, original: Uint8Array, standsFor: number): Uint8Array {
    if (this.#key === null) throw new Error('the key that seals originals is gone with its session');
    const sealed = Buffer.allocUnsafe(headBytes + original.length + tagBytes);
    sealed.writeUIntBE(this.#pieces, 0, 6);
    sealed.writeUInt32BE(standsFor, 6);
    this.#pieces += 1;
    const sealing = createCipheriv(cipher, this.#key.key, nonceOf(sealed));
    sealing.setAAD(authenticated(place, sealed));
    sealing.update(original).copy(sealed, headBytes);
    sealing.final();
    sealing.getAuthTag().copy(sealed, headBytes + original.length);
    return sealed;
  }

  /** The session is over: nothing is sealed any more, and nobody here can open what was. */
  close(): void {
    const key = this.#key;
    this.#key = null;
    if (key === null) return;
    if (this.#pieces === 0) this.#originals.unused(key);
    else key.key.fill(0);
  }
}

/** What anybody can tell of a sealed piece; null where it is none. */
export function sealedHead(sealed: Buffer): { readonly number: number; readonly standsFor: number } | null {
  if (sealed.length < headBytes + tagBytes) return null;
  return { number: sealed.readUIntBE(0, 6), standsFor: sealed.readUInt32BE(6) };
}

/** The original; null where this is not what was sealed at this place with this key. */
export function openSealed(key: Uint8Array, place: SealedPlace, sealed: Buffer): Buffer | null {
  const opening = createDecipheriv(cipher, key, nonceOf(sealed), { authTagLength: tagBytes });
  opening.setAAD(authenticated(place, sealed));
  opening.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const original = opening.update(sealed.subarray(headBytes, sealed.length - tagBytes));
  try {
    opening.final();
    return original;
  } catch {
    return null;
  }
}

function nonceOf(sealed: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  sealed.copy(nonce, 6, 0, 6);
  return nonce;
}

function authenticated({ session, exchange, sequence }: SealedPlace, sealed: Buffer): Buffer {
  const place = Buffer.alloc(24);
  place.set(session);
  place.writeUInt32BE(exchange, 16);
  place.writeUInt32BE(sequence, 20);
  return Buffer.concat([context, place, sealed.subarray(0, headBytes)]);
}
