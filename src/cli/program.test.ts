import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linesOf, exchangeItem, memoryCatalog, people, sessionItem, startApi, type Trial } from '../api/trial.test-support.ts';
import { runCommand } from './trial.test-support.ts';

const ada = people['ada'] ?? null;
const own = sessionItem(ada);
const others = sessionItem(people['bob'] ?? null, { connection: 'billing', refused: 1, exchanges: 4, recording: 'gap' });
const catalog = memoryCatalog(
  [others, own],
  [
    exchangeItem(own),
    exchangeItem(others, { text: "select 'a\x1b]52;c;eA==\x07' from secrets", error: { code: '42P01', message: 'no \x1b[2J such' } }),
  ],
);

const commands = ['serve', 'check', 'quickstart', 'sessions', 'search', 'replay', 'export', 'connect'];

describe('the program', () => {
  for (const command of commands) {
    it(`${command} --help explains itself and offers --json`, async () => {
      const { exit, out, err } = await runCommand([command, '--help']);
      assert.equal(exit, 0, err);
      assert.match(out, new RegExp(`Usage: chaperone ${command}`));
      assert.match(out, /--json/);
      assert.equal(err, '');
    });
  }

  it('lists its commands, and its version', async () => {
    const { exit, out } = await runCommand(['--help']);
    assert.equal(exit, 0);
    for (const command of commands) assert.match(out, new RegExp(`^  ${command} `, 'm'));
    assert.deepEqual(await runCommand(['--version']), { exit: 0, out: '0.0.0\n', err: '' });
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /Usage: chaperone/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['serve'], /--config/],
    [['sessions', '--bogus'], /unknown option '--bogus'/],
    [['sessions', '--limit', '0'], /whole number from 1 to 1000/],
    [['sessions', '--since', 'tomorrow'], /2026-01-31/],
    [['sessions', '--status', 'open'], /Allowed choices are active/],
    [['sessions'], /CHAPERONE_TOKEN/],
    [['sessions', '--token', 'a b'], /characters that no token has/],
    [['sessions', '--token-file', '/nowhere/token'], /could not be read/],
    [['sessions', '--token', 'x', '--server', 'gateway'], /not a URL/],
    [['sessions', '--token', 'x', '--server', 'http://gateway.example.com'], /unencrypted/],
    [['sessions', '--state', 'x', '--server', 'http://127.0.0.1:1'], /exclude each other/],
    [['search'], /missing required argument 'text'/],
    [['replay', 'x', '--speed', '0'], /times faster/],
    [['export', 'x'], /--format/],
    [['export', 'x', '--format', 'gif'], /ndjson, har, patch, asciicast/],
    [['connect', 'orders', '--token', 'x', '-c', 'select 1', '--file', 'y'], /exclude each other/],
  ];
  for (const [words, message] of wrong) {
    it(`\`chaperone ${words.join(' ')}\` is used wrongly: 2`, async () => {
      const { exit, out, err } = await runCommand(words);
      assert.equal(exit, 2);
      assert.match(err, message);
      assert.equal(out, '');
    });
  }

  it('with --json an error is an object on stderr', async () => {
    const { exit, err } = await runCommand(['sessions', '--json', '--limit', '0']);
    assert.equal(exit, 2);
    const { error } = JSON.parse(err) as { error: { code: string; message: string; hint: string } };
    assert.equal(error.code, 'REQUEST_INVALID');
    assert.match(error.message, /1 to 1000/);
    assert.match(error.hint, /--help/);
  });

  it('hands on to what the composition root gives', async () => {
    const called: unknown[] = [];
    const note = async (...given: unknown[]) => {
      called.push(given);
      return 2;
    };
    const deps = { serve: note, check: note, quickstart: note };
    for (const words of [
      ['serve', '--config', 'c.yaml'],
      ['check', '--config', 'c.yaml', '--json'],
      ['quickstart', '--console-port', '0', '--state', 's'],
    ])
      assert.equal((await runCommand(words, deps)).exit, 2);
    assert.deepEqual(called, [['c.yaml'], ['c.yaml', { json: true }], [{ consolePort: 0, state: 's' }]]);
  });
});

describe('reading through the API', () => {
  let trial: Trial;
  let folder: string;
  before(async () => {
    trial = await startApi({ catalog });
    folder = await mkdtemp(join(tmpdir(), 'chaperone-cli-'));
  });
  after(async () => {
    await trial.close();
    await rm(folder, { recursive: true });
  });
  const run = (words: readonly string[], token = 'ada') =>
    runCommand(words, { env: { CHAPERONE_TOKEN: token, CHAPERONE_SERVER: trial.url } });

  it('sessions are an aligned table with an honest end', async () => {
    const { exit, out } = await run(['sessions', '--limit', '1'], 'aud');
    assert.equal(exit, 0);
    const [head = '', row = '', , end] = out.split('\n');
    assert.match(head, /^SESSION +STARTED +WHO +AGENT +CONNECTION +STATUS +EXCHANGES$/);
    assert.equal(row.indexOf('billing'), head.indexOf('CONNECTION'));
    assert.match(row, /2026-11-22 10:00:00Z +bob@example\.test +cursor +billing +ended, gap +4 \(1 refused\)$/);
    assert.equal(end, '1 session shown; there are more: add --cursor 1');
    assert.equal((await run(['sessions', '--status', 'active'])).out, 'No sessions.\n\n0 sessions shown.\n');
  });

  it('--json gives the page as the API gave it', async () => {
    assert.deepEqual(JSON.parse((await run(['sessions', '--json'])).out), { items: [own], next: null });
  });

  it('search marks what was found and sends no escape sequence', async () => {
    const { exit, out } = await run(['search', 'secrets'], 'aud');
    assert.equal(exit, 0);
    assert.match(out, new RegExp(`${others.id} #1  2026-11-22 10:00:00Z · bob@example.test via cursor · billing · SELECT 1 · 1 row`));
    assert.match(out, /from «secrets»/);
    assert.match(out, /␛\]52;c;eA==␇/);
    assert.match(out, /error 42P01: no ␛\[2J such/);
    assert.ok(!out.includes('\x1b'));
  });

  it('export writes the lines, to a file only its owner may read', async () => {
    const lines = linesOf(own.id)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    assert.equal((await run(['export', own.id, '--format', 'ndjson'])).out, lines);
    const output = join(folder, 'one.ndjson');
    const { exit, err } = await run(['export', own.id, '--format', 'ndjson', '--output', output]);
    assert.equal(exit, 0);
    assert.match(err, /2 lines, \d+ bytes, sha256 [0-9a-f]{64}/);
    assert.equal(await readFile(output, 'utf8'), lines);
    assert.equal((await stat(output)).mode & 0o777, 0o600);
    const nowhere = await run(['export', own.id, '--format', 'ndjson', '--output', join(folder, 'no/such')]);
    assert.equal(nowhere.exit, 1);
    assert.match(nowhere.err, /could not be written/);
  });

  it('a token may come from a file', async () => {
    const file = join(folder, 'token');
    await writeFile(file, 'ada\n');
    const { exit } = await runCommand(['sessions', '--server', trial.url, '--token-file', file]);
    assert.equal(exit, 0);
  });

  const failures: readonly (readonly [string, readonly string[], string, RegExp])[] = [
    ['somebody else’s session', ['replay', others.id], 'ada', /no session .* or you may not see it.*\n.*chaperone sessions/],
    ['no such session', ['export', 'x', '--format', 'ndjson'], 'ada', /no session x/],
    ['a wrong token', ['sessions'], 'forged', /token is not valid.*\n.*Get a new one/],
  ];
  for (const [what, words, token, message] of failures) {
    it(`${what} is one clear message: 1`, async () => {
      const { exit, err } = await run(words, token);
      assert.equal(exit, 1);
      assert.match(err, message);
    });
  }

  it('a server that is not there, or is another, is said', async () => {
    const other = createServer((_request, response) => response.end('<html>hello</html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const answer = await runCommand(['sessions', '--server', `http://127.0.0.1:${port}`, '--token', 'x']);
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    const gone = await runCommand(['sessions', '--server', `http://127.0.0.1:${port}`, '--token', 'x']);
    assert.equal(gone.exit, 1);
    assert.match(gone.err, /could not be reached: .*ECONNREFUSED/);
    assert.equal(answer.exit, 1);
    assert.match(answer.err, /did not answer as Chaperone’s API does/);
  });
});
