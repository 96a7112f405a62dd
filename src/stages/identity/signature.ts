import { compactVerify, errors } from 'jose';
import { messageOf } from '../../core/errors.ts';
import type { Refusal } from '../../core/verdict.ts';
import type { Claims } from './claims.ts';
import type { IssuerKeys, KnownKeys } from './issuer-keys.ts';
import type { IssuerKey } from './key-set.ts';
import { issuerUnavailable, keyUnknown, signatureWrong } from './refusals.ts';
import { excerpt, parseObject, type UnverifiedToken } from './token.ts';

/** Claims whose signature one of the issuer's keys has verified. */
export interface SignedClaims {
  readonly claims: Claims;
  /** The fingerprint of that key. */
  readonly key: string;
}

/** What trying an issuer's keys came to. */
type Trial = SignedClaims | { readonly mismatch: boolean; readonly unfit: readonly string[] };

/** Verifies the signature; asks the issuer once more where the key is not known, for it may have rotated. */
export async function verifySignature(token: UnverifiedToken, keys: IssuerKeys): Promise<SignedClaims | Refusal> {
  let known = await keys.current();
  if (known.keys === null) return issuerUnavailable(known.failure);
  let trial = await tryKeys(token, known.keys);
  if (!('claims' in trial) && mayBeNew(token, trial)) {
    known = await keys.sought();
    if (known.keys === null) return issuerUnavailable(known.failure);
    trial = await tryKeys(token, known.keys);
  }
  return 'claims' in trial ? trial : refuseTrial(token, trial, known);
}

/** A key under the token's own key id that does not verify it settles the matter; without a key id nothing does. */
function mayBeNew(token: UnverifiedToken, trial: { readonly mismatch: boolean }): boolean {
  return !trial.mismatch || token.keyId === null;
}

function refuseTrial(
  token: UnverifiedToken,
  trial: { readonly mismatch: boolean; readonly unfit: readonly string[] },
  known: KnownKeys,
): Refusal {
  if (mayBeNew(token, trial) && known.failure !== null) return issuerUnavailable(known.failure);
  if (trial.mismatch) return signatureWrong();
  return keyUnknown([`kid is ${excerpt(token.keyId)}, alg is ${token.algorithm}`, ...trial.unfit].join('; '));
}

async function tryKeys(token: UnverifiedToken, keys: readonly IssuerKey[]): Promise<Trial> {
  let mismatch = false;
  const unfit: string[] = [];
  for (const key of keys) {
    if (token.keyId !== null && key.id !== token.keyId) continue;
    try {
      const { payload } = await compactVerify(token.token, key.resolve, { algorithms: [token.algorithm] });
      const claims = parseObject(payload);
      if (claims !== null) return { claims, key: key.fingerprint };
    } catch (fault) {
      // Not this key: another signed it, or the key is of another kind, for another use, or weaker than its algorithm demands.
      if (fault instanceof errors.JWSSignatureVerificationFailed) mismatch = true;
      else unfit.push(messageOf(fault));
    }
  }
  return { mismatch, unfit };
}
