import type { Tally } from '../../core/masking.ts';

/** A body that cannot be shown to who may not see all of it, and why. */
export class Withheld extends Error {}

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
