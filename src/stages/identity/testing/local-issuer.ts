import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A key pair of an issuer, or of a forger. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly algorithm: string;
  readonly jwk: JWK;
}

/** Answers one request; the path is the key in `answers`. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An OpenID Connect issuer on loopback, real but for its login page. Tests change what it answers as they go. */
export interface LocalIssuer {
  readonly url: string;
  /** The published keys. */
  keys: readonly JWK[];
  /** What is answered instead, by path. */
  readonly answers: Map<string, Answer>;
  /** The paths that were asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

export const discoveryPath = '/.well-known/openid-configuration';
export const keysPath = '/jwks';

export async function createSigningKey(algorithm: string, kid: string | null, modulusLength = 2048): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength });
  const jwk = { ...(await exportJWK(publicKey)), use: 'sig', ...(kid === null ? {} : { kid }) };
  return { privateKey, algorithm, jwk };
}

export async function openLocalIssuer(keys: readonly JWK[]): Promise<LocalIssuer> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    issuer.asked.push(path);
    const answer = issuer.answers.get(path);
    if (answer !== undefined) answer(request, response);
    else if (path === discoveryPath) sendJson(response, { issuer: issuer.url, jwks_uri: `${issuer.url}${keysPath}` });
    else if (path === keysPath) sendJson(response, { keys: issuer.keys });
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: LocalIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    answers: new Map(),
    asked: [],
    close: () =>
      new Promise((resolve, reject) => {
        server.close((fault) => (fault === undefined ? resolve() : reject(fault)));
        server.closeAllConnections();
      }),
  };
  return issuer;
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Signs claims as an issuer does; `header` adds to `alg` and `kid`, and an undefined member takes away. */
export async function signToken(
  key: SigningKey,
  claims: { readonly [name: string]: unknown },
  header: { readonly [name: string]: unknown } = {},
): Promise<string> {
  const kid = key.jwk.kid === undefined ? {} : { kid: key.jwk.kid };
  return new SignJWT(claims).setProtectedHeader({ alg: key.algorithm, ...kid, ...header }).sign(key.privateKey);
}

/** One part of a token, as a forger writes it. */
export function encodePart(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
