import * as oidc from 'openid-client';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import type { LoginClient } from '../../stages/identity/sign-in.ts';

/** What the browser that begins a sign-in must bring along to end it. */
export interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** The sign-in at one issuer: the authorization code flow with PKCE (RFC 7636), state and nonce. */
export interface IssuerLogin {
  readonly issuer: string;
  /** Where the browser goes, and what it must bring back. ISSUER_UNAVAILABLE where the issuer does not say where that is. */
  begin(callback: string): Promise<{ readonly location: string; readonly secrets: LoginSecrets }>;
  /** The ID token for what the issuer has answered by the browser; its signature and claims are still to be verified. */
  finish(answered: URL, secrets: LoginSecrets): Promise<string>;
  /**
   * Where the browser goes to be signed out at the issuer too (OpenID Connect RP-Initiated Logout 1.0), and from there back; null where
   * that is not wanted, not offered, or the issuer does not answer: nobody is kept signed in by that.
   */
  leave(idToken: string | null, back: string): Promise<string | null>;
}

/** What an issuer says of itself is asked for again after so long. */
const rememberMs = 10 * 60_000;
/** Anybody can begin a sign-in: an issuer that does not answer is not asked again for each. */
const retryMs = 2_000;
const timeoutSeconds = 5;
const answerLimit = 1024 * 1024;

export function createIssuerLogin(client: LoginClient, now: () => number): IssuerLogin {
  let known: { readonly at: number; readonly configuration: Promise<oidc.Configuration>; failed: boolean } | null = null;
  const configuration = () => {
    const age = known === null ? Number.POSITIVE_INFINITY : Math.abs(now() - known.at);
    if (known !== null && age <= (known.failed ? retryMs : rememberMs)) return known.configuration;
    const asked = { at: now(), configuration: discover(client), failed: false };
    // Whoever asks meanwhile waits for the same answer; whoever awaits it is told of the fault.
    asked.configuration.catch(() => (asked.failed = true));
    known = asked;
    return asked.configuration;
  };
  return {
    issuer: client.issuer,
    begin: async (callback) => {
      const secrets = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
      const { href } = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: callback,
        scope: client.scopes.join(' '),
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(secrets.verifier),
        code_challenge_method: 'S256',
      });
      return { location: href, secrets };
    },
    finish: async (answered, { state, nonce, verifier }) => {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const tokens = await oidc.authorizationCodeGrant(await configuration(), answered, checks).catch((fault: unknown) => refused(fault));
      if (tokens.id_token === undefined) throw new ChaperoneError('TOKEN_INVALID', 'The issuer gave no ID token.');
      return tokens.id_token;
    },
    leave: async (idToken, back) => {
      if (client.logout === 'console') return null;
      const known = await configuration().catch(() => null);
      return known === null ? null : wayOut(known, client, idToken, back);
    },
  };
}

function wayOut(known: oidc.Configuration, { issuer }: LoginClient, idToken: string | null, back: string): string | null {
  const offered = known.serverMetadata().end_session_endpoint;
  // Plain http is left of a checked configuration on loopback alone; anything else is no address for a browser.
  const allowed = issuer.startsWith('http:') ? ['https:', 'http:'] : ['https:'];
  if (offered === undefined || !allowed.includes(URL.parse(offered)?.protocol ?? '')) return null;
  const hint = idToken === null ? {} : { id_token_hint: idToken };
  return oidc.buildEndSessionUrl(known, { ...hint, post_logout_redirect_uri: back }).href;
}

async function discover({ issuer, clientId, clientSecret }: LoginClient): Promise<oidc.Configuration> {
  const authentication = clientSecret === null ? oidc.None() : bySecret(clientSecret);
  // Plain http is left of a checked configuration on loopback alone.
  const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [];
  const options = { execute, timeout: timeoutSeconds, [oidc.customFetch]: fetchLimited };
  return oidc.discovery(new URL(issuer), clientId, undefined, authentication, options).catch((fault: unknown) => {
    throw new ChaperoneError('ISSUER_UNAVAILABLE', `The issuer ${issuer} cannot be asked how to sign in: ${causeOf(fault)}.`, {
      cause: fault,
    });
  });
}

/** In the header, as RFC 6749 section 2.3.1 has it; in the body where the issuer takes it there alone. */
function bySecret(secret: string): oidc.ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const inBody = methods !== undefined && !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
    (inBody ? post : basic)(server, client, body, headers);
  };
}

/** An issuer's answer, held to a size. */
async function fetchLimited(url: string, options: oidc.CustomFetchOptions): Promise<Response> {
  const { body, ...rest } = options;
  const response = await fetch(url, { ...rest, body: body ?? null });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > answerLimit) throw new Error(`the answer of ${url} is longer than ${answerLimit} bytes`);
    chunks.push(chunk);
  }
  const { status, headers } = response;
  return new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, headers });
}

/** What of a failed answer may be told. The issuer's own description is not: anybody can put words into the browser's address. */
function refused(fault: unknown): never {
  const options = { cause: fault };
  if (fault instanceof oidc.AuthorizationResponseError)
    throw new ChaperoneError('ACCESS_REFUSED', `The issuer did not let you in (${wordOf(fault.error)}).`, options);
  if (fault instanceof oidc.ResponseBodyError)
    throw new ChaperoneError('TOKEN_INVALID', `The issuer gave no token for the code (${wordOf(fault.error)}).`, options);
  if (fault instanceof oidc.ClientError && fault.code !== 'OAUTH_TIMEOUT')
    throw new ChaperoneError('TOKEN_INVALID', `The issuer's answer does not fit what was asked: ${messageOf(fault)}.`, options);
  throw new ChaperoneError('ISSUER_UNAVAILABLE', `The issuer could not be asked for the token: ${causeOf(fault)}.`, options);
}

/** An error code of RFC 6749, or nothing of what somebody else wrote. */
function wordOf(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? error : 'an unknown error';
}

/** `fetch` says only "fetch failed"; the reason is in its cause. */
function causeOf(fault: unknown): string {
  const { cause } = fault instanceof Error ? fault : { cause: undefined };
  return cause instanceof Error ? messageOf(cause) : messageOf(fault);
}
