import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { protocol } from '../../src/protocols/git/index.ts';
import { user } from '../../src/protocols/git/testing/git-server.ts';
import { clientEnvironment, password, run, settingsOf } from '../../src/protocols/git/testing/trial.ts';
import { startDataPlane } from '../rig/data-plane.ts';
import { freePorts } from '../rig/gateway.ts';

/*
 * A target as people run it: `git http-backend` behind nginx, by FastCGI. The other tests have a web server of Node's, which knows what
 * git sends; this one buffers requests, answers in chunks, and says 401 and 413 in its own words.
 */
const [nginx, fcgiwrap] = ['nginx', 'fcgiwrap'].map(programAt);
const missing = nginx == null || fcgiwrap == null;

describe('git http-backend behind nginx', { skip: missing && 'nginx or fcgiwrap is not installed (nginx-light, fcgiwrap)' }, () => {
  test('is cloned, pushed to, forced and read in part through the gateway', async () => {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-git-nginx-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const [port = 0] = await freePorts(1);
    stack.use(await startServer(folder, port));
    const repository = join(folder, 'web-app.git');
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository]);
    for (const [key, value] of [
      ['http.receivepack', 'true'],
      ['uploadpack.allowFilter', 'true'],
    ] as const)
      execFileSync('git', ['--git-dir', repository, 'config', key, value]);
    const settings = protocol.settings.parse(settingsOf(port, {}, '/web-app.git'));
    const plane = stack.use(await startDataPlane({ protocol, settings }));
    const url = `http://127.0.0.1:${plane.port}/${plane.connection}`;
    const environment = clientEnvironment(folder, url, await plane.token({ email: 'ada@example.com' }));
    const must = async (cwd: string, ...args: string[]) => {
      const { code, out } = await run('git', args, cwd, environment);
      assert.equal(code, 0, `git ${args.join(' ')}\n${out}`);
      return out.trim();
    };
    const at = (ref: string) =>
      execFileSync('git', ['--git-dir', repository, 'rev-parse', '--verify', ref], { stdio: 'pipe' }).toString().trim();

    await must(folder, 'clone', '--quiet', url, 'work');
    const work = join(folder, 'work');
    const commit = async (content: string | Buffer) => {
      writeFileSync(join(work, 'file'), content);
      await must(work, 'add', '--all');
      await must(work, 'commit', '--quiet', '--message', 'Change it');
    };
    await commit('small\n');
    await must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    // Longer than http.postBuffer: git sends it in chunks, behind a question whether its credential is good.
    await commit(randomBytes(3_000_000));
    await must(work, 'tag', 'v1');
    await must(work, 'push', '--quiet', 'origin', 'HEAD:main', 'v1');
    assert.equal(at('refs/heads/main'), await must(work, 'rev-parse', 'HEAD'));
    await must(folder, 'clone', '--quiet', url, 'whole');
    assert.equal(await must(join(folder, 'whole'), 'rev-list', '--count', 'HEAD'), '2');
    await must(folder, 'clone', '--quiet', '--depth=1', '--filter=blob:none', url, 'part');
    assert.equal(await must(join(folder, 'part'), 'rev-list', '--count', 'HEAD'), '1');
    await must(work, 'reset', '--quiet', '--hard', 'HEAD~1');
    await must(work, 'push', '--quiet', '--force', 'origin', 'HEAD:main', ':v1');
    assert.equal(at('refs/heads/main'), await must(work, 'rev-parse', 'HEAD'));
    assert.throws(() => at('refs/tags/v1'));
    // The version that clients speak reaches git behind the web server.
    const listed = plane.entries().filter((entry) => entry.kind === 'exchange' && entry.action.name === 'git:list');
    assert.ok(listed.some((entry) => entry.kind === 'exchange' && entry.action.facts['protocolVersion'] === 2));
    assert.match(await must(work, '-c', 'protocol.version=2', 'ls-remote', '--quiet', 'origin', 'main'), /refs\/heads\/main/);
  });
});

function programAt(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** One nginx and one FastCGI process, with no files but their own. */
async function startServer(folder: string, port: number): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const own = join(folder, 'server');
  mkdirSync(own);
  const socket = join(own, 'fcgi');
  writeFileSync(join(own, 'users'), `${user}:{PLAIN}${password}\n`);
  writeFileSync(join(own, 'nginx.conf'), configurationOf(folder, own, socket, port));
  stack.defer(start(fcgiwrap ?? '', ['-c', '2', '-s', `unix:${socket}`]));
  await until(() => reaches({ path: socket }), 'fcgiwrap');
  stack.defer(start(nginx ?? '', ['-c', join(own, 'nginx.conf'), '-e', join(own, 'log')]));
  await until(() => reaches({ host: '127.0.0.1', port }), 'nginx');
  const kept = stack.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function configurationOf(root: string, own: string, socket: string, port: number): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`).join(' ');
  const backend = join(execFileSync('git', ['--exec-path']).toString().trim(), 'git-http-backend');
  const parameters = {
    SCRIPT_FILENAME: backend,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    HOME: own,
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    PATH_INFO: '$uri',
    QUERY_STRING: '$query_string',
    REQUEST_METHOD: '$request_method',
    CONTENT_TYPE: '$content_type',
    CONTENT_LENGTH: '$content_length',
    REMOTE_USER: '$remote_user',
    GIT_PROTOCOL: '$http_git_protocol',
  };
  const given = Object.entries(parameters).map(([name, value]) => `fastcgi_param ${name} "${value}";`);
  return `daemon off; master_process off; pid ${own}/pid; error_log ${own}/log error; events { worker_connections 64; }
http { access_log off; ${folders} server { listen 127.0.0.1:${port}; client_max_body_size 64m;
  auth_basic target; auth_basic_user_file ${own}/users;
  location / { fastcgi_pass unix:${socket}; ${given.join(' ')} } } }`;
}

/** Returns what ends it. */
function start(program: string, args: readonly string[]): () => Promise<void> {
  // In a group of its own: fcgiwrap forks.
  const child: ChildProcess = spawn(program, args, { detached: true, stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    return exited;
  };
}

async function until(there: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await there()); await pause(20))
    if (Date.now() > deadline) throw new Error(`${what} does not start`);
}

function reaches(place: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(place);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
