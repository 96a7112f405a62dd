import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChaperoneError } from '../../core/errors.ts';
import type { Place } from '../../wire/dial.ts';
import { attemptGit, runGit } from './git.ts';
import { billing, repository } from './sample-connections.ts';

/** One request of the agent at the sample API, and the status it must get. */
interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
}

const calls: readonly ApiCall[] = [
  { method: 'GET', path: '/customers', status: 200 },
  { method: 'GET', path: '/customers/2', status: 200 },
  { method: 'GET', path: '/invoices?status=open', status: 200 },
  { method: 'POST', path: '/refunds', body: { invoice: 1004, reason: 'charged twice' }, status: 201 },
  { method: 'DELETE', path: '/customers/3', status: 403 },
  { method: 'GET', path: '/customers/99', status: 404 },
];

/** The change that the agent works out, file by file. */
const change: { readonly [path: string]: string } = {
  'src/price.js': `const euros = new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' });
export const price = (cents) => euros.format(cents / 100);
`,
  'src/price.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { price } from './price.js';

test('prices are in euros', () => assert.equal(price(1999), '19,99 €'));
`,
};

const sampleWebRun = 'demo-5';

/** Plays what the agent does at the sample API and repository. Throws when anything goes otherwise than meant. */
export async function playWebSamples({ host, port }: Place, token: string): Promise<void> {
  const gateway = `http://${host}:${port}`;
  for (const call of calls) await playCall(`${gateway}/${billing}`, token, call);
  await pushChange(`${gateway}/${repository}`, token);
}

async function playCall(api: string, token: string, { method, path, body, status }: ApiCall): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'chaperone-run': sampleWebRun, 'content-type': 'application/json' };
  const answer = await fetch(`${api}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  await answer.arrayBuffer();
  if (answer.status !== status) throw new ChaperoneError('INTERNAL', `${method} ${path} was answered ${answer.status}, not ${status}.`);
}

/** A clone, a branch with one commit, and a second push that holds a key of a cloud, which policy turns away. */
async function pushChange(remote: string, token: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-agent-'));
  const identity = { name: 'Dana', email: 'dana@example.test' };
  const headers = [`Authorization: Bearer ${token}`, `Chaperone-Run: ${sampleWebRun}`];
  const git = { folder, identity, headers };
  try {
    await runGit(git, 'clone', '--quiet', remote, '.');
    await runGit(git, 'switch', '--quiet', '--create', 'agent/prices');
    for (const [path, text] of Object.entries(change)) await writeFile(join(folder, path), text);
    await runGit(git, 'add', '.');
    await runGit(git, 'commit', '--quiet', '--message', 'Format prices as the reader writes them');
    await runGit(git, 'push', '--quiet', 'origin', 'agent/prices');
    await writeFile(join(folder, 'src', 'storage.js'), `export const storage = { token: '${inventedKey()}' };\n`);
    await runGit(git, 'add', '.');
    await runGit(git, 'commit', '--quiet', '--message', 'Store pictures');
    if (await attemptGit(git, 'push', '--quiet', 'origin', 'agent/prices'))
      throw new ChaperoneError('INTERNAL', 'A push that holds a key was let through.');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Looks like a token of a git host and opens nothing. Put together here, so that it is not found in this file. */
function inventedKey(): string {
  return ['ghp', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join('_');
}
