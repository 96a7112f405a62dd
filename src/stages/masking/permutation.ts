import type { SipHash } from './siphash.ts';

const rounds = 8;

/**
 * Puts numbers in another order by a key, each to exactly one other: a Feistel network whose round function is SipHash. Two ids never
 * get the same pseudonym, so a key column stays a key. Numbers keep their class (15, 31 or 63 bits), so they fit the type they came
 * from and the same id gets the same pseudonym in columns of any width.
 */
export class Permutation {
  readonly #hash: SipHash;

  constructor(hash: SipHash) {
    this.#hash = hash;
  }

  /** Zero and above, below 2^63. */
  of(value: bigint): bigint {
    const size = classes.findIndex((bits) => value < 1n << BigInt(bits));
    const bits = classes[size];
    if (bits === undefined || value < 0n) throw new RangeError('a pseudonym is for 0 to 2^63 - 1');
    return this.#within(value, size === 0 ? 0n : 1n << BigInt(classes[size - 1] ?? 0), 1n << BigInt(bits), bits + 1, 0);
  }

  /** The same for numbers of at most 18 decimal digits, which keep how many digits they have, so that they fit a `numeric(p,s)`. */
  ofDigits(value: bigint): bigint {
    const digits = String(value).length;
    if (value < 0n || digits > mostDigits) throw new RangeError(`a pseudonym is for at most ${mostDigits} digits`);
    const end = 10n ** BigInt(digits);
    const bits = (end - 1n).toString(2).length;
    return this.#within(value, digits === 1 ? 0n : end / 10n, end, bits + (bits % 2), 1);
  }

  /** Walking on until the result is in the class again keeps it a permutation of the class. */
  #within(value: bigint, least: bigint, end: bigint, bits: number, use: number): bigint {
    let moved = value;
    do moved = this.#network(moved, bits, use);
    while (moved < least || moved >= end);
    return moved;
  }

  #network(value: bigint, bits: number, use: number): bigint {
    const half = bits / 2;
    const scale = 2 ** half;
    let left = Number(value >> BigInt(half));
    let right = Number(value & BigInt(scale - 1));
    for (let round = 0; round < rounds; round += 1) [left, right] = [right, (left ^ this.#round(right, round, bits, use)) >>> 0];
    return (BigInt(left) << BigInt(half)) | BigInt(right);
  }

  #round(half: number, round: number, bits: number, use: number): number {
    const output = this.#hash.ofPair(half, round | (bits << 8) | (use << 16));
    return bits === 64 ? output : output % 2 ** (bits / 2);
  }
}
const classes = [15, 31, 63];
export const mostDigits = 18;
