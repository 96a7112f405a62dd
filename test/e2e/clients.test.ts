import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importJWK, type JWK, SignJWT } from 'jose';
import { Client, DatabaseError } from 'pg';
import { checkout, type Demonstration, eventually, installed, paste, startDemonstration, temporaryFolder } from './demonstration.ts';

const guides = join(checkout, 'docs', 'clients');
const missing = [];
for (const program of ['psql', 'curl']) if (!(await installed(program))) missing.push(program);
const skip = missing.length > 0 && `${missing.join(' and ')} not installed`;

/** The commands of a guide in their order: every fenced `sh` block, each of which must be marked as run. */
function commandsOf(guide: string): string[] {
  const blocks = [...guide.matchAll(/(<!-- run: test\/e2e\/clients\.test\.ts -->\n)?```sh\n([\s\S]*?)```/g)];
  for (const [block, mark] of blocks) assert.ok(mark, `not marked as run:\n${block}`);
  return blocks.map(([, , text = '']) => text);
}

describe('the clients’ guides', { timeout: 180_000, skip }, async () => {
  const { path, remove } = await temporaryFolder();
  const home = await mkdtemp(join(tmpdir(), 'chaperone-home-'));
  const socket = join(home, 'agent.sock');
  const asked: string[] = [];
  let demo: Demonstration;
  /** Answers as the socket of a Cursor machine does. */
  const minter = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`);
      const token = readFileSync(join(path, 'tokens', 'agent.jwt'), 'utf8');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ token, expires_at: new Date(Date.now() + 300_000).toISOString() }));
    });
  });
  before(async () => {
    demo = await startDemonstration(path);
    await new Promise<void>((listening) => minter.listen(socket, listening));
  });
  after(async () => {
    minter.close();
    await demo?.stop();
    await rm(home, { recursive: true, force: true });
    await remove();
  });

  /** What a guide says for everyone, as it is on this machine. */
  const here = (text: string) =>
    [
      ['chaperone.example.com', demo.database.host],
      ['15432', String(demo.database.port)],
      ['verify-full', 'disable'],
      ['http://127.0.0.1:8082', demo.issuer],
      ['.quickstart/', `${path}/`],
      ['chaperone.js connect orders', `chaperone.js connect orders --server ${demo.console} --port ${demo.database.port}`],
    ].reduce((done, [from = '', to = '']) => done.replaceAll(from, to), text);

  async function sessionsOf(run: string) {
    const token = readFileSync(join(path, 'tokens', 'auditor.jwt'), 'utf8');
    const answer = await fetch(`${demo.console}/api/v1/sessions?run=${run}`, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.json()) as { items: { principal: { subject: string; agent: string } }[] }).items;
  }

  const runs = { 'cursor.md': 'ticket-1234', 'claude-code.md': 'session-5678', 'codex.md': 'ticket-5678' };
  for (const [name, run] of Object.entries(runs))
    test(`${name}: every command works, and the run is on record`, async () => {
      const commands = commandsOf(await readFile(join(guides, name), 'utf8'));
      assert.ok(commands.length > 0);
      const environment = { HOME: home, CURSOR_AGENT_SOCKET: socket, CLAUDE_CODE_SESSION_ID: 'session-5678' };
      const { code, out, err } = await paste(here(['set -eu', ...commands].join('\n')), environment);
      assert.equal(code, 0, `${out}${err}`);
      let items: Awaited<ReturnType<typeof sessionsOf>> = [];
      assert.ok(await eventually(async () => (items = await sessionsOf(run)).length > 0), out);
      for (const { principal } of items) assert.deepEqual([principal.subject, principal.agent], ['dana', 'cursor']);
    });

  test('cursor.md: the machine’s socket is asked for this gateway’s audience', () => {
    assert.deepEqual(asked, ['POST /v1/tokens/oidc {"aud":"chaperone"}']);
  });

  test('cursor.md: a token without groups is refused in the words of the guide', async () => {
    const key = JSON.parse(readFileSync(join(path, 'secrets', 'signing-key.json'), 'utf8')) as JWK & { kid: string };
    const token = await new SignJWT({ owner_email: 'dana@example.test' })
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
      .setIssuer(demo.issuer)
      .setAudience('chaperone')
      .setSubject('user:1')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(await importJWK(key, 'ES256'));
    const client = new Client({ ...demo.database, database: 'orders', user: 'cursor', password: token });
    await assert.rejects(client.connect(), (fault) => {
      assert.ok(fault instanceof DatabaseError);
      assert.equal(fault.code, '28000');
      assert.match(fault.message, /The token has no claim "groups"/);
      return true;
    });
  });

  test('every guide is run', async () => {
    assert.deepEqual((await readdir(guides)).toSorted(), Object.keys(runs).toSorted());
  });
});
