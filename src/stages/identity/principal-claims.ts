import type { Principal } from '../../core/principal.ts';
import type { Refusal } from '../../core/verdict.ts';
import { readActing, subjectLimit } from './actors.ts';
import { type Claims, claim, nameIn } from './claims.ts';
import { readGroups } from './profiles.ts';
import { audienceWrong, claimWrong, groupsUnknown, issuerUnknown } from './refusals.ts';
import type { IssuerSettings } from './settings.ts';
import { excerpt } from './token.ts';

/** RFC 5321 section 4.5.3.1.3. */
const emailLimit = 254;
const jtiLimit = 256;

/** Reads who acts from verified claims, or says which claim does not let them in. */
export function readPrincipal(
  claims: Claims,
  settings: IssuerSettings,
  token: { readonly sha256: string; readonly expiresAt: number },
): Principal | Refusal {
  const { issuer } = settings;
  if (claim(claims, 'iss') !== issuer) return issuerUnknown(`iss is ${excerpt(claim(claims, 'iss'))}`);
  const audience = claim(claims, 'aud');
  if (!isAudience(audience, settings.audience)) return audienceWrong(settings.audience, `aud is ${excerpt(audience)}`);
  const subject = nameIn(claim(claims, 'sub'), subjectLimit);
  if (subject === null) return claimWrong('"sub" does not name anybody');
  const acting = readActing(claims, settings);
  if (acting === null) return claimWrong('"act" or the client’s claim does not name every actor, or there are more than 16');
  const membership = readGroups(claims, settings.profile, settings.groupsClaim);
  if (membership.kind === 'unknown') return groupsUnknown(membership.why, membership.remedy);
  const jti = nameIn(claim(claims, 'jti'), jtiLimit);
  return {
    subject,
    issuer,
    email: nameIn(claim(claims, 'email'), emailLimit),
    groups: membership.groups,
    ...acting,
    token: { issuer, subject, jti, ...token },
  };
}

/** RFC 7519 section 4.1.3: one string or a list of them, of which one must be ours. */
function isAudience(given: unknown, wanted: readonly string[]): boolean {
  const audiences: readonly unknown[] = Array.isArray(given) ? given : [given];
  return audiences.every((audience) => typeof audience === 'string') && audiences.some((audience) => wanted.includes(audience));
}
