import { createHash } from 'node:crypto';
import type { Principal } from '../../core/principal.ts';
import type { Credential } from '../../core/stages.ts';
import type { Refusal } from '../../core/verdict.ts';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts';
import type { IdentityPorts } from './key-source.ts';
import { readPrincipal } from './principal-claims.ts';
import { algorithmRefused, issuerUnknown, tokenMissing } from './refusals.ts';
import type { IdentitySettings, IssuerSettings } from './settings.ts';
import { verifySignature } from './signature.ts';
import { excerpt, readToken, type UnverifiedToken } from './token.ts';
import { checkValidity, readValidity } from './validity.ts';
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts';

/** At about 1 KB an entry, some 10 MB. */
const rememberedTokens = 10_000;

/** The stage that answers whose credential this is. */
export interface Identity {
  /** Never rejects for anything a client or an issuer does; the refusal says what was wrong and what to do next. */
  identify(credential: Credential): Promise<Principal | Refusal>;
}

interface Issuer {
  readonly settings: IssuerSettings;
  readonly keys: IssuerKeys;
}

/**
 * Verifies OIDC tokens of the configured issuers. Keys are fetched when the first token needs them. A token is kept nowhere:
 * what was verified is remembered by its SHA-256.
 */
export function createIdentity(settings: IdentitySettings, ports: IdentityPorts): Identity {
  const issuers = new Map<unknown, Issuer>(
    settings.issuers.map((issuer) => [issuer.issuer, { settings: issuer, keys: createIssuerKeys(issuer, ports) }]),
  );
  const remembered = createVerifiedTokens(rememberedTokens);

  async function identify(credential: Credential): Promise<Principal | Refusal> {
    if (credential.kind === 'none' || credential.token === '') return tokenMissing();
    const token = readToken(credential.token);
    if ('kind' in token) return token;
    const issuer = issuers.get(token.issuer);
    if (issuer === undefined) return issuerUnknown(`iss is ${excerpt(token.issuer)}`);
    const sha256 = createHash('sha256').update(credential.token).digest('hex');
    const verified = (await recall(sha256, issuer)) ?? (await verify(token, sha256, issuer));
    if ('kind' in verified) return verified;
    return checkValidity(verified.validity, ports.now()) ?? verified.principal;
  }

  /** A token seen before holds only as long as the key that signed it does. */
  async function recall(sha256: string, issuer: Issuer): Promise<VerifiedToken | null> {
    const verified = remembered.get(sha256);
    if (verified === null) return null;
    const { keys } = await issuer.keys.current();
    if (keys?.some((key) => key.fingerprint === verified.key)) return verified;
    remembered.drop(sha256);
    return null;
  }

  async function verify(token: UnverifiedToken, sha256: string, issuer: Issuer): Promise<VerifiedToken | Refusal> {
    const { algorithms } = issuer.settings;
    if (!algorithms.some((algorithm) => algorithm === token.algorithm)) return algorithmRefused(`alg is ${token.algorithm}`);
    const signed = await verifySignature(token, issuer.keys);
    if ('kind' in signed) return signed;
    const validity = readValidity(signed.claims);
    if ('kind' in validity) return validity;
    const untimely = checkValidity(validity, ports.now());
    if (untimely !== null) return untimely;
    const principal = readPrincipal(signed.claims, issuer.settings, { sha256, expiresAt: validity.expiresAt });
    if ('kind' in principal) return principal;
    const verified = { principal, validity, key: signed.key };
    remembered.add(sha256, verified);
    return verified;
  }

  return { identify };
}
