import { type Claims, claim, isObject, nameIn } from './claims.ts';

const depthLimit = 16;
/** Longest subject, agent or actor, in UTF-16 units. OpenID Connect allows 255 for `sub`; SPIFFE ids may be longer. */
export const subjectLimit = 1_024;

/** Who acts for the subject; null where `act` is there and cannot be read completely. */
export interface Acting {
  readonly agent: string | null;
  readonly actors: readonly string[];
}

/**
 * Reads the delegation chain (RFC 8693 section 4.1): the outermost `act` is the agent, those inside it came before. Without
 * `act` the agent is what the issuer's agent claim says.
 */
export function readActing(claims: Claims, agentClaim: string | null): Acting | null {
  const actors: string[] = [];
  let level = claim(claims, 'act');
  if (level === undefined) return { agent: agentClaim === null ? null : nameIn(claim(claims, agentClaim), subjectLimit), actors };
  while (level !== undefined) {
    if (!isObject(level) || actors.length === depthLimit) return null;
    const actor = nameIn(claim(level, 'sub'), subjectLimit);
    if (actor === null) return null;
    actors.push(actor);
    level = claim(level, 'act');
  }
  return { agent: actors[0] ?? null, actors };
}
