import { mintShown, type Shown } from '../../core/proof.ts';
import type { Session } from '../../core/session.ts';

/** What the gateway itself says. */
export function inOwnWords(bytes: Buffer): Shown {
  return mintShown(bytes);
}

/** Lets bytes of the target pass as they are. */
export type ShowWhole = (bytes: Buffer) => Shown;

/**
 * An object's name is the digest of its content, so nothing can be masked in it: what is changed is another object, which no client
 * takes. So where something of the connection is masked the target's bytes pass to those alone who may see all of it; null says no.
 */
export function showingWhole({ masking }: Pick<Session, 'masking'>): ShowWhole | null {
  return masking === null || masking.allMayBeSeen() ? mintShown : null;
}
