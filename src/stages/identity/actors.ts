import { type Claims, claim, isObject, nameIn } from './claims.ts';
import { type ProfileName, profiles } from './profiles.ts';

const depthLimit = 16;
/** Longest subject, agent or actor, in UTF-16 units. OpenID Connect allows 255 for `sub`; SPIFFE ids may be longer. */
export const subjectLimit = 1_024;

/** What of an issuer's settings says who is an agent. */
export interface AgentSettings {
  readonly profile: ProfileName;
  readonly agentClaim?: string | null | undefined;
  readonly personClients: readonly string[];
  readonly login?: { readonly clientId: string } | undefined;
}

/** Who acts for the subject; null where that is said and cannot be read completely. */
export interface Acting {
  readonly agent: string | null;
  readonly actors: readonly string[];
}

/**
 * Reads the delegation chain (RFC 8693 section 4.1): the outermost `act` is the agent, those inside it came before. Without
 * `act` the agent is the client that the token was given to, unless that is one by which people act themselves.
 */
export function readActing(claims: Claims, settings: AgentSettings): Acting | null {
  const actors: string[] = [];
  let level = claim(claims, 'act');
  if (level === undefined) {
    const agent = readAgent(claims, settings);
    return agent === undefined ? null : { agent, actors };
  }
  while (level !== undefined) {
    if (!isObject(level) || actors.length === depthLimit) return null;
    const actor = nameIn(claim(level, 'sub'), subjectLimit);
    if (actor === null) return null;
    actors.push(actor);
    level = claim(level, 'act');
  }
  return { agent: actors[0] ?? null, actors };
}

/**
 * A client that nobody has called a person's is an agent: agents may do less. People sign in at the console, and log in at a terminal,
 * by the client of `login`. Undefined where a client is there and cannot be read.
 */
function readAgent(claims: Claims, { agentClaim, profile, personClients, login }: AgentSettings): string | null | undefined {
  const names = agentClaim === undefined ? profiles[profile].clientClaims : agentClaim === null ? [] : [agentClaim];
  const given = names.map((name) => claim(claims, name)).find((value) => value !== undefined);
  if (given === undefined) return null;
  const client = nameIn(given, subjectLimit);
  if (client === null) return undefined;
  return client === login?.clientId || personClients.includes(client) ? null : client;
}
