import { type AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** What a token says beside what every token does. */
export interface TokenClaims {
  readonly sub?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** The agent, as the issuer's own claim names it. */
  readonly azp?: string | undefined;
  /** Adds to the payload and replaces in it; undefined takes away. */
  readonly [claim: string]: unknown;
}

/** An OpenID Connect issuer on loopback with real keys, discovery and JWKS, and no login page. */
export interface Issuer extends AsyncDisposable {
  /** `iss` of its tokens. */
  readonly url: string;
  readonly audience: string;
  /** A token of the key that is published now; dana of group engineering with the agent cursor where nothing else is said. */
  token(claims?: TokenClaims): Promise<string>;
  /** Publishes a new key in place of the one before. */
  rotate(): Promise<void>;
  stop(): Promise<void>;
}

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function createKey(kid: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
}

export async function startIssuer(audience = 'chaperone'): Promise<Issuer> {
  let count = 1;
  let key = await createKey(`key-${count}`);
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/openid-configuration') response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` }));
    else if (request.url === '/jwks') response.end(JSON.stringify({ keys: [key.jwk] }));
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((closed) => server.close(closed));
  };
  return {
    url,
    audience,
    token: (claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: url, aud: audience, sub: 'dana', groups: ['engineering'], azp: 'cursor', iat: now, exp: now + 3600 };
      // What is undefined is no claim: JSON leaves it out.
      const payload = { ...usual, ...claims } as JWTPayload;
      return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: key.jwk.kid ?? '' }).sign(key.privateKey);
    },
    rotate: async () => {
      count += 1;
      key = await createKey(`key-${count}`);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
