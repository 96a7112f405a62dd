import { createPublicKey } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { type JWK, jwtVerify } from 'jose';
import { errors, interactionPolicy, type KoaContextWithOIDC, Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { choosePage, leavePage, pageHeaders } from './identity-page.ts';
import { agent, audience, clients, grants, people, tokenLifetimeSeconds } from './people.ts';

/** What the demonstration hands to this thread; the private key stays in it and in its 0600 file. */
export interface IdentityWorkerData {
  readonly port: number;
  /** Where the console is, which people are led back to. */
  readonly consolePort: number;
  readonly key: JWK;
  readonly secrets: { readonly people: string; readonly agent: string; readonly console: string };
}

const { port, consolePort, key, secrets } = workerData as IdentityWorkerData;
const issuer = `http://127.0.0.1:${port}`;
const algorithm = 'ES256';

const provider = new Provider(issuer, {
  clients: [
    confidential(clients.people, secrets.people, grants.person),
    confidential(clients.agent, secrets.agent, grants.exchange),
    {
      ...confidential(clients.console, secrets.console, 'authorization_code'),
      redirect_uris: consoleAddresses('/api/v1/login/callback'),
      post_logout_redirect_uris: consoleAddresses('/sign-in'),
      response_types: ['code'],
    },
  ],
  jwks: { keys: [{ ...key, use: 'sig', alg: algorithm }] },
  cookies: { keys: [secrets.people] },
  clientDefaults: { id_token_signed_response_alg: algorithm },
  enabledJWA: { idTokenSigningAlgValues: [algorithm] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true, logoutSource: askToLeave } },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...claimsOf(id, 'authorization_code') }) }),
  // The console reads groups from the ID token, as from those of Okta, Entra or Keycloak.
  claims: { openid: ['sub', 'email', 'groups'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  interactions: { url: (_ctx, { uid }) => `/choose/${uid}`, policy: chooseEachTime() },
  loadExistingGrant: everythingGranted,
  extraTokenClaims: (_ctx, token) => ('gty' in token ? claimsOf(token.accountId, token.gty) : undefined),
  ttl: { AccessToken: tokenLifetimeSeconds, IdToken: tokenLifetimeSeconds, Session: 600, Grant: tokenLifetimeSeconds, Interaction: 600 },
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

function consoleAddresses(path: string): string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].map((host) => `http://${host}:${consolePort}${path}`);
}

async function askToLeave(ctx: KoaContextWithOIDC, form: string): Promise<void> {
  ctx.set(pageHeaders);
  ctx.body = leavePage(form);
}

/** Whoever signs in is asked again who they are: in a demonstration one is one person after the other. */
function chooseEachTime() {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  const again = new Check('each_time', 'one chooses each time', (ctx) =>
    ctx.oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
  );
  policy.get('login')?.checks.add(again);
  return policy;
}

/** Nobody is asked whether the console may know who they are. */
async function everythingGranted(ctx: KoaContextWithOIDC) {
  const { client, session, provider: own } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid email profile');
  await grant.save();
  return grant;
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

/** The page of the people, or the end of choosing one. */
function choose(uid: string, name: string, request: IncomingMessage, response: ServerResponse): void {
  const chosen = people.find((one) => one.name === name);
  if (chosen === undefined) {
    response.writeHead(200, pageHeaders).end(choosePage(people, (each) => `/choose/${uid}/${each}`));
    return;
  }
  provider.interactionFinished(request, response, { login: { accountId: chosen.name, remember: false } }).catch(() => {
    response.writeHead(400, { 'content-type': 'text/plain' }).end('This sign-in is over; begin again at the console.\n');
  });
}

const respond = provider.callback();
const server = createServer((request, response) => {
  const [, uid, name] = /^\/choose\/([\w-]+)(?:\/(\w+))?$/.exec(request.url ?? '') ?? [];
  if (uid === undefined) void respond(request, response);
  else choose(uid, request.method === 'POST' ? (name ?? '') : '', request, response);
});
server.listen(port, '127.0.0.1', () => parentPort?.postMessage({ issuer }, []));
