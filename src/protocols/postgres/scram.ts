import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type ChannelBinding, unbound } from './channel-binding.ts';

const deriveKey = promisify(pbkdf2);
export const scramMechanism = 'SCRAM-SHA-256';
export const boundScramMechanism = 'SCRAM-SHA-256-PLUS';

/** PostgreSQL's default is 4096; a hostile target may ask for any number, and each is work (RFC 7677 section 4). */
const maxIterations = 1_000_000;

/** The target did not keep to SCRAM, or does not know the password. */
export class ScramFault extends Error {}

/** The client's side of SCRAM-SHA-256, with and without channel binding (RFC 5802, RFC 7677), as PostgreSQL speaks it. */
export class ScramClient {
  readonly #password: string;
  readonly #nonce: string;
  readonly #binding: ChannelBinding;
  #bare = '';
  #serverSignature: Buffer | null = null;
  #verified = false;

  constructor(password: string, binding: ChannelBinding = unbound, nonce: string = randomBytes(18).toString('base64')) {
    this.#password = prepare(password);
    this.#binding = binding;
    this.#nonce = nonce;
  }

  get mechanism(): string {
    return this.#bound ? boundScramMechanism : scramMechanism;
  }
  get #bound(): boolean {
    return this.#binding.header.startsWith('p');
  }

  /** client-first-message; PostgreSQL takes the user from the start-up message and ignores the one here. */
  first(): string {
    this.#bare = `n=,r=${this.#nonce}`;
    return this.#binding.header + this.#bare;
  }

  /** client-final-message for the server's first. */
  async final(serverFirst: string): Promise<string> {
    const { nonce, salt, iterations } = parseServerFirst(serverFirst);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw new ScramFault('the nonce is not an extension of ours');
    const salted = await deriveKey(this.#password, salt, iterations, 32, 'sha256');
    const binding = Buffer.concat([Buffer.from(this.#binding.header), this.#binding.data]).toString('base64');
    const withoutProof = `c=${binding},r=${nonce}`;
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authMessage);
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** Checks server-final-message: only a server that knows the password's verifier can have made it. */
  verify(serverFinal: string): void {
    const value = /^v=([A-Za-z0-9+/=]+)/.exec(serverFinal)?.[1];
    const signature = Buffer.from(value ?? '', 'base64');
    const expected = this.#serverSignature;
    if (expected === null || signature.length !== expected.length || !timingSafeEqual(signature, expected))
      throw new ScramFault('the server’s signature is wrong, so it is not the server that knows this password');
    this.#verified = true;
  }

  /** Whether the server has proved that it knows the password; without that its word that all is well counts nothing. */
  get verified(): boolean {
    return this.#verified;
  }
  /** The same, and the proof holds for the TLS connection that we see. */
  get boundAndVerified(): boolean {
    return this.#verified && this.#bound;
  }
}

function parseServerFirst(message: string): { nonce: string; salt: Buffer; iterations: number } {
  const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,9})(,|$)/.exec(message);
  const [, nonce, salt, count] = match ?? [];
  if (nonce === undefined || salt === undefined || count === undefined) throw new ScramFault('the server’s first message is malformed');
  const iterations = Number(count);
  if (iterations > maxIterations) throw new ScramFault(`${iterations} iterations are more than the ${maxIterations} that are allowed`);
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
}

/** SASLprep (RFC 4013) as far as it changes a password: other spaces become a space, invisible characters go, NFKC. */
function prepare(password: string): string {
  const kept = Array.from(password, (character) => {
    const point = character.codePointAt(0) ?? 0;
    if (otherSpaces.has(point) || (point >= 0x2000 && point <= 0x200b)) return ' ';
    return invisible.has(point) || (point >= 0xfe00 && point <= 0xfe0f) ? '' : character;
  });
  return kept.join('').normalize('NFKC');
}

/** RFC 3454, tables C.1.2 and B.1, without the two ranges. */
const otherSpaces = new Set([0xa0, 0x1680, 0x202f, 0x205f, 0x3000]);
const invisible = new Set([0xad, 0x34f, 0x1806, 0x180b, 0x180c, 0x180d, 0x200c, 0x200d, 0x2060, 0xfeff]);

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
