import type { KeyObject } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { luhn } from './detectors/card.ts';
import type { Shape } from './detectors/detector.ts';
import { plain } from './detectors/traits.ts';
import { KeyedHash } from './keyed-hash.ts';
import { mostDigits, Permutation } from './permutation.ts';
import { Recent } from './recent.ts';
import { shapeOf } from './shape.ts';
import { SipHash } from './siphash.ts';

/** Of each shape. */
const remembered = 16_384;
/** Longer values are not remembered, so that the memory of recent values has a bound. */
const rememberedLength = 256;

type Kind = Shape | 'text' | 'integer' | 'digits';

/**
 * The pseudonyms of values under one key: the same value gets the same one in every column, session and run of the gateway, by
 * HMAC-SHA-256, or by SipHash with a key made of that one. Where a shape is known it is kept, in ranges that belong to nobody: no
 * pseudonym is somebody else's address.
 */
export class Pseudonyms {
  readonly #hash: KeyedHash;
  readonly #words: SipHash;
  readonly #permutation: Permutation;
  /** By the shape that is known, or none: a key with both in it would be copied for each value. */
  readonly #recent = new Map<Kind | null, Recent>();

  constructor(key: KeyObject) {
    this.#hash = new KeyedHash(key);
    this.#words = new SipHash(this.digest('words', '').subarray(0, 16));
    this.#permutation = new Permutation(new SipHash(this.digest('integers', '').subarray(0, 16)));
  }

  /** 32 bytes; `use` keeps the uses of one key apart. */
  digest(use: string, value: string): Buffer {
    return Buffer.from(this.#hash.of(`${use}\0${value}`), 'latin1');
  }

  /** Of a text, or of a piece of text with this shape. */
  text(value: string, known?: Shape | 'text'): string {
    return this.#remember(known ?? null, value, () => {
      const shape = known ?? shapeOf(value);
      const read = shape === 'text' ? value : plain(value);
      return shapes[shape](read, (canonical) =>
        inLetters.has(shape) ? this.#words.of(`${shape}\0${canonical}`) : this.digest(shape, canonical),
      );
    });
  }

  /** Of a whole number in decimal digits, its sign kept; null where it has more than 63 bits. */
  integer(value: string): string | null {
    const negative = value.startsWith('-');
    const size = BigInt(negative ? value.slice(1) : value);
    if (size >= 1n << 63n) return null;
    return this.#remember('integer', value, () => `${negative ? '-' : ''}${this.#permutation.of(size)}`);
  }

  /** Of a whole number among decimals, as many digits long; null where it has more than 18. */
  digits(value: string): string | null {
    const negative = value.startsWith('-');
    const size = BigInt(negative ? value.slice(1) : value);
    if (String(size).length > mostDigits) return null;
    return this.#remember('digits', value, () => `${negative ? '-' : ''}${this.#permutation.ofDigits(size)}`);
  }

  #remember(kind: Kind | null, value: string, make: () => string): string {
    if (value.length > rememberedLength) return make();
    let recent = this.#recent.get(kind);
    if (recent === undefined) this.#recent.set(kind, (recent = new Recent(remembered)));
    return recent.get(value, make);
  }
}

type Digest = (canonical: string) => Buffer;

/** The shapes whose pseudonyms are a `token`. They are most of what is masked, and 16 bytes are enough. */
const inLetters: ReadonlySet<Shape | 'text'> = new Set(['text', 'email', 'id', 'secret']);

const shapes: { readonly [shape in Shape | 'text']: (value: string, digest: Digest) => string } = {
  text: (value, digest) => `p_${token(digest(value))}`,
  // RFC 2606: nobody can own a name under .invalid.
  email: (value, digest) => `${token(digest(plainAddress(value)))}@masked.invalid`,
  // +999 is no country (ITU-T E.164).
  phone: (value, digest) => `+999${decimal(digest(value.replaceAll(/\D/g, '')), 10)}`,
  card: (value, digest) => cardLike(digest(value.replaceAll(/\D/g, '')), value),
  iban: (value, digest) =>
    ibanLike(digest(value.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()), value.replaceAll(/[^A-Za-z0-9]/g, '').length),
  id: (value, digest) => `id_${token(digest(value.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()))}`,
  ip: (value, digest) => ipLike(digest(value.toLowerCase()), isIPv6(value)),
  secret: (value, digest) => `secret_${token(digest(value))}`,
};

/** Some 70 bits, in letters alone: nothing that looks for digits finds anything in it. */
function token(digest: Buffer): string {
  for (let at = 0; at < letters.length; at += 1) letters[at] = alphabet[(digest[at] ?? 0) % 32] ?? 0;
  return letters.toString('latin1');
}
const letters = Buffer.alloc(16);
const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyzabcdef');

function plainAddress(value: string): string {
  return value.replace('%40', '@').toLowerCase();
}

/** So many decimal digits, evenly spread. */
export function decimal(digest: Buffer, count: number): string {
  return BigInt(`0x${digest.toString('hex')}`)
    .toString()
    .padStart(78, '0')
    .slice(-count);
}

/** As long and grouped as the card's, valid by Luhn; no network issues numbers that begin with 9. */
function cardLike(digest: Buffer, value: string): string {
  const count = value.replaceAll(/\D/g, '').length;
  const body = `9${decimal(digest, count - 2)}`;
  const check = '0123456789'.split('').find((last) => luhn(body + last)) ?? '0';
  let next = 0;
  const digits = body + check;
  return value.replaceAll(/\d/g, () => digits.charAt(next++));
}

/** XX is a country that ISO 3166 leaves to users; the check modulo 97 is right. */
function ibanLike(digest: Buffer, length: number): string {
  const account = decimal(digest, length - 4);
  const check = 98n - (BigInt(`${account}333300`) % 97n);
  return `XX${String(check).padStart(2, '0')}${account}`;
}

/** IPv4 in 240.0.0.0/4, which is reserved; IPv6 in fd00::/8, which is never routed. */
function ipLike(digest: Buffer, six: boolean): string {
  if (!six) return [240 + ((digest[0] ?? 0) % 15), digest[1], digest[2], digest[3]].join('.');
  const groups = Array.from({ length: 7 }, (_, index) => digest.readUInt16BE(2 * index).toString(16));
  return ['fd00', ...groups].join(':');
}
