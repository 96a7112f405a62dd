import { type Claims, claim, isObject, nameIn } from './claims.ts';

/** What is known of an issuer's habits. */
interface Profile {
  /** From this many groups on, the list may have been cut by the issuer; null where it never is. */
  readonly cutAt: number | null;
  /** The claims that name the client an access token was given to, the newer first: an agent has a client of its own. */
  readonly clientClaims: readonly string[];
}

/**
 * The issuers whose tokens carry groups. Okta cuts a list in silence at about 100 entries. Entra puts at most 200 into a JWT and
 * then leaves the claim out; at exactly 200 nobody can tell. Entra writes the client as `azp` into tokens of version 2.0, as `appid` into those
 * of 1.0; Okta's access tokens have `cid`, and no `azp`.
 */
export const profiles = {
  oidc: { cutAt: null, clientClaims: ['azp'] },
  okta: { cutAt: 100, clientClaims: ['cid', 'azp'] },
  entra: { cutAt: 200, clientClaims: ['azp', 'appid'] },
} as const satisfies { readonly [name: string]: Profile };

export type ProfileName = keyof typeof profiles;

const groupLimit = 1_000;
const groupNameLimit = 256;

/** The principal's groups, or why they are not known completely. An empty list is known: no groups. */
export type Groups =
  | { readonly kind: 'known'; readonly groups: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string; readonly remedy: string };

/** Reads the groups from verified claims; whatever is absent, partial or doubtful is unknown. */
export function readGroups(claims: Claims, profile: ProfileName, groupsClaim: string): Groups {
  if (pointsElsewhere(claims, groupsClaim))
    return unknown(
      'The token says that its groups are kept elsewhere, because they are too many for it.',
      'Let the issuer put only the groups assigned to this application into the token.',
    );
  const given = claim(claims, groupsClaim);
  if (given === undefined)
    return unknown(
      `The token has no claim "${groupsClaim}".`,
      `Let the issuer put the groups into the claim "${groupsClaim}", or ask for the scope that adds them.`,
    );
  if (!Array.isArray(given))
    return unknown(`The token's claim "${groupsClaim}" is not a list.`, 'Let the issuer write the groups as a list of strings.');
  return readList(given, profile, groupsClaim);
}

/** Distributed claims (OpenID Connect Core section 5.6.2), and `hasgroups` of Entra's implicit flow. */
function pointsElsewhere(claims: Claims, groupsClaim: string): boolean {
  const marked = claim(claims, 'hasgroups');
  if (marked !== undefined && marked !== false) return true;
  const sources = claim(claims, '_claim_names');
  if (sources === undefined) return false;
  return !isObject(sources) || Object.hasOwn(sources, 'groups') || Object.hasOwn(sources, groupsClaim);
}

function readList(given: readonly unknown[], profile: ProfileName, groupsClaim: string): Groups {
  const { cutAt }: Profile = profiles[profile];
  const limit = cutAt === null ? groupLimit + 1 : cutAt;
  if (given.length >= limit)
    return unknown(
      `The token lists ${given.length} groups; from ${limit} on the list may be incomplete.`,
      'Let the issuer filter the groups to those that matter here, so that the list is shorter.',
    );
  const groups = new Set<string>();
  for (const entry of given) {
    const group = nameIn(entry, groupNameLimit);
    if (group === null)
      return unknown(
        `The token's claim "${groupsClaim}" holds something that is not a group's name.`,
        `Let the issuer write the groups as strings of 1 to ${groupNameLimit} characters.`,
      );
    groups.add(group);
  }
  return { kind: 'known', groups: [...groups] };
}

function unknown(why: string, remedy: string): Groups {
  return { kind: 'unknown', why, remedy };
}
