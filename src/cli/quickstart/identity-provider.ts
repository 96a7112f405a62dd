import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type JWK, exportJWK, generateKeyPair } from 'jose';
import { ChaperoneError } from '../../core/errors.ts';
import type { QuickstartFolder } from './folder.ts';
import { freePort } from './free-port.ts';
import type { IdentityWorkerData } from './identity-worker.ts';
import { audience, clients, grants } from './people.ts';

export interface IdentityProvider {
  readonly issuer: string;
  /** A token for one of the people; a negative lifetime, in seconds, gives one that has expired. */
  person(name: string, lifetime?: number): Promise<string>;
  /** A token for the agent that acts for whomever this token names. */
  agentFor(token: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the embedded identity provider. It runs on a thread of its own, because its library speaks to the console of a
 * production server's operator: that thread's console is a log file.
 */
export async function startIdentityProvider(folder: QuickstartFolder, port: number, consolePort: number): Promise<IdentityProvider> {
  const secrets = { people: newSecret(), agent: newSecret(), console: newSecret() };
  await folder.write(`secrets/${clients.people}`, secrets.people);
  await folder.write(`secrets/${clients.agent}`, secrets.agent);
  await folder.write(`secrets/${clients.console}`, secrets.console);
  const data: IdentityWorkerData = { port: await freePort(port), consolePort, key: await signingKey(folder), secrets };
  const worker = new Worker(new URL('identity-worker.ts', import.meta.url), { workerData: data, stdout: true, stderr: true });
  const log = createWriteStream(folder.path('identity-provider.log'), { mode: 0o600 });
  worker.stdout.pipe(log, { end: false });
  worker.stderr.pipe(log, { end: false });
  const [{ issuer }] = (await once(worker, 'message')) as [{ issuer: string }];
  const token = (client: string, secret: string, form: Record<string, string>) => requestToken(issuer, client, secret, form);
  return {
    issuer,
    person: (person, lifetime) =>
      token(clients.people, secrets.people, { grant_type: grants.person, person, ...(lifetime && { lifetime: String(lifetime) }) }),
    agentFor: (subject) =>
      token(clients.agent, secrets.agent, {
        grant_type: grants.exchange,
        subject_token: subject,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience,
      }),
    stop: async () => {
      await worker.terminate();
      log.end();
    },
  };
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

async function signingKey(folder: QuickstartFolder): Promise<JWK> {
  const kept = await folder.read('secrets/signing-key.json');
  // Written by the lines below, and readable by nobody else.
  if (kept !== null) return JSON.parse(kept) as JWK;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: randomBytes(8).toString('hex') };
  await folder.write('secrets/signing-key.json', JSON.stringify(key));
  return key;
}

async function requestToken(issuer: string, client: string, secret: string, form: Record<string, string>): Promise<string> {
  const basic = Buffer.from(`${client}:${secret}`).toString('base64');
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams(form),
  });
  const body: unknown = await answer.json();
  if (answer.ok && typeof body === 'object' && body !== null && 'access_token' in body && typeof body.access_token === 'string') {
    return body.access_token;
  }
  throw new ChaperoneError('INTERNAL', `The demonstration's identity provider gave no token (HTTP ${answer.status}).`);
}
