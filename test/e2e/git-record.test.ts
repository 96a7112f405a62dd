import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Entry } from '../../src/core/entry.ts';
import type { Part } from '../../src/core/part.ts';
import { decodeRecording } from '../../src/archive/decoded.ts';
import { FoundText } from '../../src/archive/found-text.ts';
import { harText } from '../../src/archive/har.ts';
import { patchText } from '../../src/archive/patches.ts';
import { keepSelfSigned } from '../../src/gateway/certificate.ts';
import { createDecoder } from '../../src/protocols/git/decoder.ts';
import { blocksOf } from '../structure/markdown.ts';
import { type GitTrial, openTrial, run } from '../../src/protocols/git/testing/trial.ts';

const checkout = resolve(import.meta.dirname, '../..');

async function* asStream(entries: readonly Entry[]): AsyncGenerator<Entry> {
  yield* entries;
}

describe('what was pushed', () => {
  let trial: GitTrial;
  let work: string;
  let first: string;
  before(async () => {
    trial = await openTrial();
    work = await trial.clone('work');
    await trial.commit(work, { 'begin.txt': 'begin\n' }, 'Begin');
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    first = (await trial.must(work, 'rev-parse', 'HEAD')).trim();
    await trial.commit(
      work,
      { 'größe.txt': 'eine Zeile\nnoch eine\n', 'data.bin': randomBytes(5_000) },
      'Größer werden\n\nFrom here on it is larger.\n---\ndiff --git a/x b/x\n+not a change\n',
    );
    await trial.commit(
      work,
      { 'größe.txt': 'eine Zeile\n', 'ends without': 'no line feed' },
      'Take a line away',
      '--author=Zoë "Z" <zoe@example.com>',
    );
    // Far beyond what a search finds of an answer.
    await trial.commit(work, { 'many.txt': Array.from({ length: 10_000 }, (_, line) => `line ${line} of many\n`).join('') });
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
  });
  after(() => trial?.[Symbol.asyncDispose]());

  const lines = () => decodeRecording(asStream(trial.plane.entries()), createDecoder());

  test('comes back as a mailbox that git am takes, to the same trees and authors', async () => {
    const mailbox = (await Array.fromAsync(patchText(lines))).join('');
    const path = join(trial.folder, 'pushed.mbox');
    writeFileSync(path, mailbox);
    const copy = join(trial.folder, 'am');
    await trial.must(trial.folder, 'init', '--quiet', 'am');
    await trial.must(copy, 'am', '--quiet', path);
    const log = ['log', '--reverse', '--format=%T %an <%ae> %at %s'];
    assert.equal(await trial.must(copy, ...log), await trial.must(work, ...log));
    assert.match(await trial.must(copy, 'log', '-1', '--skip=2', '--format=%B'), /From here on it is larger\.\n {1}---\n {1}diff --git/);
  });

  test('has what the gateway asked by itself beside it, each answer with its request', async () => {
    const own: Extract<Part, { shape: 'mark' }>[] = [];
    for await (const line of lines())
      if (line.kind === 'bytes' && line.exchange === 0)
        own.push(...line.parts.filter((part) => part.shape === 'mark').filter(({ name }) => name.startsWith('own ')));
    const of = (name: string) => new Map(own.filter((mark) => mark.name === name).map(({ detail }) => [detail['request'], detail]));
    const [requests, replies] = [of('own request (mirror)'), of('own reply (mirror)')];
    assert.ok(requests.size >= 2);
    assert.deepEqual(new Set(requests.keys()), new Set(replies.keys()));
    assert.ok([...requests.values()].every(({ method, path }) => method === 'GET' && path === '/info/refs?service=git-upload-pack'));
    assert.ok([...replies.values()].every(({ status, bytes }) => status === 200 && Number(bytes) > 0));
  });

  test('is found by line, file, author and commit', async () => {
    const head = (await trial.must(work, 'rev-parse', 'HEAD')).trim();
    const found = new FoundText();
    for await (const line of lines()) if (line.kind === 'bytes') for (const part of line.parts) found.add(part, line.direction);
    for (const words of ['line 9999 of many', 'eine Zeile', 'größe.txt', 'zoe@example.com', head, first, 'refs/heads/main'])
      assert.ok(found.toString().includes(words), words);
    // The file's name and that it is binary, but nothing of how git writes its content.
    assert.match(found.toString(), /data\.bin/);
    assert.match(found.toString(), /GIT binary patch\ndiff --git/);
  });

  test('is in an HTTP Archive, request by request', async () => {
    const { log } = JSON.parse((await Array.fromAsync(harText(lines()))).join('')) as {
      log: { entries: { request: { url: string; postData?: { text: string } } }[] };
    };
    const paths = log.entries.map(({ request }) => request.url.replace(/^https:\/\/[^/]+/, ''));
    assert.equal(paths.filter((path) => path === '/git-receive-pack').length, 2);
    // Its body is what was sent, and not what was found in it.
    const sent = log.entries.findLast(({ request }) => request.url.endsWith('/git-receive-pack'))?.request.postData?.text ?? '';
    assert.match(Buffer.from(sent, 'base64').toString('latin1'), /^[0-9a-f]{44} [0-9a-f]{40} refs\/heads\/main\0/);
  });
});

describe('chaperone git-credential', () => {
  async function answer(
    operation: string,
    asked: string,
    env: Record<string, string>,
  ): Promise<{ readonly code: number | null; readonly out: string }> {
    const child = spawn(process.execPath, ['bin/chaperone.js', 'git-credential', operation], {
      cwd: checkout,
      env: { ...process.env, ...env },
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stdin.end(asked);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out };
  }
  const token = { CHAPERONE_TOKEN: 'a.b.c' };

  for (const [name, operation, asked, expected] of [
    ['gives the token', 'get', 'protocol=https\nhost=gateway.example.com\n\n', 'username=oauth2\npassword=a.b.c\n'],
    ['gives it on loopback', 'get', 'protocol=http\nhost=127.0.0.1:8081\n\n', 'username=oauth2\npassword=a.b.c\n'],
    ['gives none over plain HTTP', 'get', 'protocol=http\nhost=gateway.example.com\n\n', ''],
    ['has nothing to store', 'store', 'protocol=https\nhost=x\nusername=oauth2\npassword=y\n\n', ''],
    ['has nothing to erase', 'erase', 'protocol=https\nhost=x\n\n', ''],
  ] as const)
    test(name, async () => assert.deepEqual(await answer(operation, asked, token), { code: 0, out: expected }));

  test('says where a token may come from where there is none', async () => {
    const { code, out } = await answer('get', 'protocol=https\nhost=gateway.example.com\n\n', { CHAPERONE_TOKEN: '' });
    assert.deepEqual([code, out], [2, '']);
  });

  test('lets git clone through the gateway', async () => {
    await using trial = await openTrial();
    const environment = { ...trial.environment, GIT_CONFIG_COUNT: '0', CHAPERONE_TOKEN: await trial.plane.token() };
    const helper = `credential.${trial.url}.helper=!'${process.execPath}' '${checkout}/bin/chaperone.js' git-credential`;
    const cloned = await run('git', ['-c', helper, 'clone', '--quiet', trial.url, 'by-helper'], trial.folder, environment);
    assert.equal(cloned.code, 0, cloned.out);
    assert.match(readFileSync(join(trial.folder, 'by-helper', '.git', 'config'), 'utf8'), /url = http/);
  });

  test('as docs/protocols/git.md says', async () => {
    await using trial = await openTrial();
    const page = readFileSync(join(checkout, 'docs/protocols/git.md'), 'utf8');
    const blocks = blocksOf(page).filter(({ run: runner }) => runner !== null);
    assert.equal(blocks.length, 3);
    const { PATH = '' } = process.env;
    const environment = {
      PATH,
      HOME: trial.folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      CHAPERONE_TOKEN: await trial.plane.token(),
    };
    for (const { text } of blocks) {
      const script = text
        .replaceAll('https://chaperone.example.com/web-app', trial.url)
        .replaceAll('https://chaperone.example.com', trial.url.replace(/\/[^/]*$/, ''))
        .replaceAll('!chaperone', `!${process.execPath} ${checkout}/bin/chaperone.js`);
      const { code, out } = await run('sh', ['-e', '-c', script], trial.folder, environment);
      assert.equal(code, 0, `${script}\n${out}`);
    }
  });
});

describe('the policies of docs/protocols/git.md', () => {
  test('are ones that the gateway takes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-git-policies-'));
    const page = readFileSync(join(checkout, 'docs/protocols/git.md'), 'utf8');
    const [policies] = blocksOf(page).filter(({ language }) => language === 'cedar');
    mkdirSync(join(folder, 'policies'));
    writeFileSync(join(folder, 'policies', 'page.cedar'), policies?.text ?? '');
    const configuration = {
      state: './state',
      listen: { console: { address: '127.0.0.1:18080' }, web: { address: '127.0.0.1:18081' }, tls: { insecureLoopback: true } },
      identity: { issuers: [{ issuer: 'http://127.0.0.1:9', audience: 'chaperone' }] },
      connections: [{ name: 'web-app', protocol: 'git', target: { url: 'http://127.0.0.1:9001/team/web-app.git' } }],
    };
    const config = join(folder, 'chaperone.yaml');
    writeFileSync(config, JSON.stringify(configuration));
    const checked = await run(process.execPath, ['bin/chaperone.js', 'check', '--config', config], checkout, process.env);
    rmSync(folder, { recursive: true });
    assert.equal(checked.code, 0, checked.out);
  });
});

describe('git over TLS', () => {
  test('speaks HTTP/2 to the gateway, which speaks what the target speaks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-git-tls-'));
    await using trial = await openTrial({ certificate: await keepSelfSigned(folder, Date.now()), insecureLoopback: false });
    const url = trial.url.replace('http:', 'https:');
    const environment = {
      ...trial.environment,
      GIT_CONFIG_KEY_0: `http.${url}.extraHeader`,
      GIT_SSL_CAINFO: join(folder, 'certificate.pem'),
    };
    const must = async (cwd: string, env: NodeJS.ProcessEnv, ...args: string[]) => {
      const { code, out } = await run('git', args, cwd, env);
      assert.equal(code, 0, out);
      return out;
    };
    await must(trial.folder, environment, 'clone', '--quiet', url, 'work');
    const work = join(trial.folder, 'work');
    await trial.commit(work, { 'large.bin': randomBytes(3_000_000) });
    await must(work, environment, 'push', '--quiet', 'origin', 'HEAD:main');
    await must(trial.folder, environment, 'clone', '--quiet', url, 'again');
    assert.match(await must(work, { ...environment, GIT_CURL_VERBOSE: '1' }, 'ls-remote', 'origin'), /HTTP\/2/);
    rmSync(folder, { recursive: true });
  });
});
