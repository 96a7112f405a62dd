import { createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { type JWK, jwtVerify } from 'jose';
import { Provider, type TokenEndpointGrantContext, errors } from 'oidc-provider';
import { agent, audience, clients, grants, people, tokenLifetimeSeconds } from './people.ts';

/** What the demonstration hands to this thread; the private key stays in it and in its 0600 file. */
export interface IdentityWorkerData {
  readonly port: number;
  readonly key: JWK;
  readonly secrets: { readonly people: string; readonly agent: string };
}

const { port, key, secrets } = workerData as IdentityWorkerData;
const issuer = `http://127.0.0.1:${port}`;
const algorithm = 'ES256';

const provider = new Provider(issuer, {
  clients: [confidential(clients.people, secrets.people, grants.person), confidential(clients.agent, secrets.agent, grants.exchange)],
  jwks: { keys: [{ ...key, use: 'sig', alg: algorithm }] },
  cookies: { keys: [secrets.people] },
  clientDefaults: { id_token_signed_response_alg: algorithm },
  enabledJWA: { idTokenSigningAlgValues: [algorithm] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: (_ctx, token) => ('gty' in token ? claimsOf(token.accountId, token.gty) : undefined),
  ttl: { AccessToken: tokenLifetimeSeconds },
});

function confidential(id: string, secret: string, grant: string) {
  return {
    client_id: id,
    client_secret: secret,
    grant_types: [grant],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic' as const,
  };
}

/** What a gateway must know of whom the token names; `act` says that an agent holds it (RFC 8693 section 4.1). */
function claimsOf(name: string, grant: string) {
  const { email, groups } = people.find((one) => one.name === name) ?? { email: null, groups: [] };
  return { email, groups: [...groups], ...(grant === grants.exchange ? { act: { sub: agent.name } } : {}) };
}

async function personGrant(ctx: TokenEndpointGrantContext<{ person?: string; lifetime?: string }>): Promise<void> {
  const { person, lifetime } = ctx.oidc.params;
  // A lifetime in the past gives an expired token, to see it refused.
  const seconds = lifetime === undefined ? tokenLifetimeSeconds : Number(lifetime);
  if (!Number.isSafeInteger(seconds) || Math.abs(seconds) > tokenLifetimeSeconds || seconds === 0) {
    throw new errors.InvalidRequest(`lifetime must be between -${tokenLifetimeSeconds} and ${tokenLifetimeSeconds} seconds`);
  }
  await issue(ctx, grants.person, person, seconds);
}

/** RFC 8693: the agent presents the person's token and gets one that names both. */
async function exchangeGrant(ctx: TokenEndpointGrantContext<{ subject_token?: string }>): Promise<void> {
  const subject = await verified(ctx.oidc.params.subject_token ?? '');
  if (subject === null) throw new errors.InvalidGrant('subject_token is not a valid access token of this issuer');
  const seconds = Math.min(tokenLifetimeSeconds, subject.expiresAt - Math.floor(Date.now() / 1000));
  await issue(ctx, grants.exchange, subject.name, seconds);
}

const publicKey = createPublicKey({ key, format: 'jwk' });

async function verified(token: string): Promise<{ readonly name: string; readonly expiresAt: number } | null> {
  try {
    const { payload } = await jwtVerify(token, publicKey, { issuer, audience, algorithms: [algorithm], typ: 'at+jwt' });
    const { sub, exp, act } = payload;
    return sub === undefined || exp === undefined || act !== undefined ? null : { name: sub, expiresAt: exp };
  } catch {
    return null;
  }
}

async function issue(ctx: TokenEndpointGrantContext, gty: string, name: unknown, expiresIn: number): Promise<void> {
  const person = people.find((one) => one.name === name);
  if (person === undefined) throw new errors.InvalidRequest(`person must be one of ${people.map((one) => one.name).join(', ')}`);
  const { AccessToken, ResourceServer } = ctx.oidc.provider;
  const token = new AccessToken({
    client: ctx.oidc.client,
    accountId: person.name,
    grantId: gty,
    gty,
    expiresIn,
    resourceServer: new ResourceServer(audience, { audience, scope: '', accessTokenFormat: 'jwt', jwt: { sign: { alg: algorithm } } }),
  });
  const value = await token.save();
  ctx.body = {
    access_token: value,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: expiresIn,
  };
}

provider.registerGrantType(grants.person, personGrant, ['person', 'lifetime']);
provider.registerGrantType(
  grants.exchange,
  exchangeGrant,
  ['subject_token', 'subject_token_type', 'audience', 'requested_token_type'],
  ['audience'],
);

const respond = provider.callback();
const server = createServer((request, response) => void respond(request, response));
server.listen(port, '127.0.0.1', () => parentPort?.postMessage({ issuer }, []));
