import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from '../../src/archive/items.ts';
import { type GitServer, startGitServer, user } from '../../src/protocols/git/testing/git-server.ts';
import { clientEnvironment, run } from '../../src/protocols/git/testing/trial.ts';
import { openWebHouse, type WebHouse } from './http-house.ts';

const password = 'kept-by-the-gateway-alone';
const policies = `
@id("agents-branch") permit (principal, action, resource in Connection::"web-app");
@id("main-is-reviewed") @approval("leads") @reason("Main takes reviewed changes only.")
forbid (principal, action in [Action::"git:push", Action::"git:create"], resource == Ref::"web-app:refs/heads/main");
@id("no-force") @reason("History of the release branch stays.")
forbid (principal, action in Action::"schema", resource == Ref::"web-app:refs/heads/release");
@id("no-secrets") @reason("Take the secret out of the commit.")
forbid (principal, action in [Action::"git:push", Action::"git:create"], resource in Connection::"web-app") unless { context.secrets.isEmpty() };
@id("no-workflows") forbid (principal, action in [Action::"git:push", Action::"git:create"], resource in Connection::"web-app")
  when { context.paths.contains(".github/workflows/ci.yml") };
`;

describe('git through a gateway of its own', () => {
  let server: GitServer;
  let house: WebHouse;
  let environment: NodeJS.ProcessEnv;
  let work: string;
  let repository: string;
  before(async () => {
    process.env['CHAPERONE_E2E_GIT'] = password;
    server = await startGitServer(password);
    repository = server.createRepository('team/web-app.git');
    const target = { url: `http://127.0.0.1:${server.port}/team/web-app.git` };
    const connection = { name: 'web-app', protocol: 'git', target, credentials: { user, password: { env: 'CHAPERONE_E2E_GIT' } } };
    house = await openWebHouse({ connections: [connection], policies, approvals: { wait: '1m' }, env: { CHAPERONE_E2E_GIT: password } });
    environment = clientEnvironment(house.folder, house.url('/web-app'), house.tokens.agent);
    await git(house.folder, 'clone', '--quiet', house.url('/web-app'), 'work');
    work = join(house.folder, 'work');
  });
  after(async () => {
    await house?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const { code, out } = await run('git', args, cwd, environment);
    assert.equal(code, 0, `git ${args.join(' ')}\n${out}`);
    return out;
  }
  async function commit(path: string, content: string, message: string): Promise<void> {
    writeFileSync(join(work, path), content);
    await git(work, 'add', '--all');
    await git(work, 'commit', '--quiet', '--message', message);
  }
  const push = (...args: string[]) => run('git', ['push', 'origin', ...args], work, environment);

  test('what is permitted passes, and is found by line, file, author and commit', async () => {
    await commit('feature.txt', 'quuxline that nobody else has\n', 'Add a feature');
    assert.equal((await push('HEAD:refs/heads/release')).code, 0);
    const head = (await git(work, 'rev-parse', 'HEAD')).trim();
    for (const words of ['quuxline', 'feature.txt', 'ada@example.com', head])
      assert.ok(
        (await house.exchanges(`q=${encodeURIComponent(`"${words}"`)}`, (items) => items.length > 0)).some(
          ({ action }) => action === 'git:create',
        ),
        words,
      );
  });

  test('what policy forbids is refused in git’s own words, by its facts', async () => {
    await commit('config.txt', `token = ghp_${'aB3dE5gH7jK9'.repeat(3)}\n`, 'Add a token');
    const secret = await push('HEAD:refs/heads/leak');
    assert.equal(secret.code, 1);
    assert.match(secret.out, /remote: Chaperone ACCESS_REFUSED:.*Take the secret out of the commit\..*no-secrets/s);
    await git(work, 'reset', '--quiet', '--hard', 'HEAD~1');
    await git(work, 'commit', '--quiet', '--amend', '--message', 'Amended');
    const forced = await push('--force', 'HEAD:refs/heads/release');
    assert.match(forced.out, /History of the release branch stays/);
    assert.match(forced.out, /! \[remote rejected\]/);
    assert.match((await push(':refs/heads/release')).out, /remote rejected/);
    assert.ok(!(await git(repository, 'for-each-ref')).includes('leak'));
  });

  test('what needs approval waits, and passes when it is given', async () => {
    await commit('reviewed.txt', 'look at me\n', 'Ask for review');
    const pushed = push('HEAD:refs/heads/main');
    let id = '';
    while (id === '') {
      const { items } = await house.read<Page<{ readonly id: string; readonly text: string }>>('/api/v1/approvals?status=open');
      id = items[0]?.id ?? '';
      assert.ok(items[0] === undefined || items[0].text.includes('+look at me'));
      await pause(20);
    }
    assert.equal(await house.decide(id, 'approve'), 200);
    const { code, out } = await pushed;
    assert.equal(code, 0, out);
    assert.match(out, /Main takes reviewed changes only/);
  });

  test('what was pushed comes out as patches', async () => {
    const session = (await house.sessions()).find(({ connection }) => connection === 'web-app') ?? assert.fail('no session');
    const file = join(house.folder, 'all.mbox');
    await house.exchanges('verdict=approved', (items) => items.length > 0);
    const { code, stderr } = await house.cli('export', session.id, '--format', 'patch', '--output', file);
    assert.equal(code, 0, stderr);
    const mailbox = readFileSync(file, 'utf8');
    assert.match(mailbox, /^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001$/m);
    for (const subject of ['Add a feature', 'Ask for review']) assert.ok(mailbox.includes(`Subject: [PATCH] ${subject}`), subject);
    // What was refused has not been pushed.
    assert.ok(!mailbox.includes('Add a token'));
  });

  test('no credential is seen by the client, in the log or on record', async () => {
    const said = `${house.gateway.stdout()}${house.gateway.stderr()}`;
    for (const secret of [password, Buffer.from(`${user}:${password}`).toString('base64'), house.tokens.agent])
      assert.ok(!said.includes(secret));
    const recordings = await run('grep', ['-rlF', '-e', password, house.state], house.folder, process.env);
    assert.equal(recordings.out, '');
  });

  test('a clone that nobody reads is held back, not kept in memory', {
    skip: process.platform !== 'linux' && 'memory is read from /proc',
  }, async () => {
    const large = join(house.folder, 'large');
    await git(house.folder, 'init', '--quiet', 'large');
    writeFileSync(join(large, 'large.bin'), randomBytes(64 * 1024 * 1024));
    await git(large, 'add', '--all');
    await git(large, 'commit', '--quiet', '--message', 'Large');
    const head = (await git(large, 'rev-parse', 'HEAD')).trim();
    // Straight to the target, as somebody else does.
    await git(large, 'push', '--quiet', repository, 'HEAD:refs/heads/large');
    const before = residentBytes(house.gateway.process.pid ?? 0);
    const asked = request(house.url('/web-app/git-upload-pack'), {
      method: 'POST',
      headers: { authorization: `Bearer ${house.tokens.agent}`, 'content-type': 'application/x-git-upload-pack-request' },
    });
    asked.end(`${pktLine(`want ${head} ofs-delta side-band-64k\n`)}0000${pktLine('done\n')}`);
    const [reply] = (await once(asked, 'response')) as [IncomingMessage];
    reply.pause();
    await pause(2_000);
    const grown = residentBytes(house.gateway.process.pid ?? 0) - before;
    assert.ok(grown < 32 * 1024 * 1024, `${Math.round(grown / 1_048_576)} MB more`);
    let bytes = 0;
    for await (const piece of reply) bytes += (piece as Buffer).length;
    assert.ok(bytes > 64 * 1024 * 1024 && reply.complete);
  });

  test('a gateway that was killed within a push leaves nothing of it behind', async () => {
    const left = join(house.state, 'targets', 'web-app', 'quarantine');
    await commit('late.txt', 'late\n', 'Too late');
    const pushed = push('HEAD:refs/heads/main');
    while ((await run('ls', [left], house.folder, process.env)).out.trim() === '') await pause(5);
    await house.gateway.kill();
    assert.notEqual((await pushed).code, 0);
    await house.restart();
    await git(work, 'ls-remote', '--quiet', 'origin');
    const again = push('HEAD:refs/heads/late');
    assert.equal((await again).code, 0);
    while ((await run('ls', [left], house.folder, process.env)).out.trim() !== '') await pause(5);
  });
});

function pktLine(text: string): string {
  return `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
}

/** As the kernel counts it (proc(5)). */
function residentBytes(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
