import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { glob, lstat, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import type { Client } from 'pg';
import { openSite, type Site } from '../audit/site.ts';
import { freePorts, runChaperone } from '../rig/gateway.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { find, type Haystack, keyNeedle, type Needle, textNeedle, tokenNeedles } from './secret-forms.ts';

const random = () => randomBytes(9).toString('hex');
/** Stands in a statement: what the scan must find. */
const control = `control-${random()}`;
/** With characters that JSON, URLs and shells write in other ways. */
const password = `Pa+ss/wo=rd "&%é ${random()}`;
const wrongPassword = `wrong \\ ${random()}`;
const written = `written-into-the-file-${random()}`;
const garbage = `no-token-${random()}`;

/** All that was said by anybody so far. */
class Heard {
  readonly haystacks: Haystack[] = [];
  readonly needles: Needle[] = [];

  add(where: string, text: string): string {
    this.haystacks.push({ where, bytes: Buffer.from(text) });
    return text;
  }
  async get(site: Site, path: string, token: string | null): Promise<string> {
    const response = await site.fetch(path, token);
    const headers = JSON.stringify([...response.headers]);
    const where = `the answer of ${path.split('?', 1)[0]} (${response.status}, ${this.haystacks.length})`;
    return this.add(where, `${headers}\n${await response.text()}`);
  }
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number | null> {
    const { code, stdout, stderr } = await runChaperone(args, env).finished;
    this.add(`the output of ${args.slice(0, 2).join(' ')}`, `${stdout}\n${stderr}`);
    return code;
  }
  /** A token that must not be found from now on. */
  async token(name: string, made: Promise<string>): Promise<string> {
    const token = await made;
    this.needles.push(...tokenNeedles(name, token));
    return token;
  }
}

async function openGuarded(stack: AsyncDisposableStack) {
  let behind: Tap | null = null;
  const [dead = 0] = await freePorts(1);
  const site = stack.use(
    await openSite({
      connections: async (postgres) => {
        await postgres.run(`alter role ${postgres.user} password '${password}'`);
        behind = stack.use(await startTap(postgres.port));
        return [
          { name: 'orders', targetPort: behind.port, password },
          { name: 'wrong', targetPort: behind.port, password: wrongPassword },
          { name: 'dead', targetPort: dead, password },
        ];
      },
    }),
  );
  const before = stack.use(await startTap(site.postgresPort));
  assert.ok(behind !== null);
  return { site, before, behind: behind as Tap };
}

/** The answer of a session that is refused, as the client's library tells it. */
async function refused(client: Client): Promise<string> {
  const fault: unknown = await client.connect().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(fault instanceof Error, 'the session is refused');
  const detail = Object.entries(fault).map(([name, value]) => `${name}: ${value}`);
  return [fault.message, ...detail].join('\n');
}

async function goodSessions(site: Site, port: number, token: string): Promise<void> {
  const client = await site.connect(token, { port, application_name: 'secrets;run=good' });
  await client.query(`select '${control}' as control`);
  await client.query('select $1::text as bound', [control]);
  await assert.rejects(client.query('select 1/0'));
  const cancelled = assert.rejects(client.query('select pg_sleep(30)'), { code: '57014' });
  await cancel(port, client, cancelled);
  await client.end();
  const left = await site.connect(token, { port, application_name: 'secrets;run=left-open' });
  await left.query(`select '${control}'`);
}

/** What libpq's PQcancel sends; sent until the statement is over, since one that comes before it began cancels nothing. */
async function cancel(port: number, client: Client, over: Promise<void>): Promise<void> {
  const { processID, secretKey } = client as Client & { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  request.writeUInt32BE(16, 0);
  request.writeUInt32BE(80_877_102, 4);
  request.writeUInt32BE(processID >>> 0, 8);
  request.writeUInt32BE(secretKey >>> 0, 12);
  const again = setInterval(() => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.end(request);
  }, 50);
  await over.finally(() => clearInterval(again));
}

async function refusedSessions(site: Site, heard: Heard, good: string): Promise<void> {
  const past = Math.floor(Date.now() / 1000) - 7200;
  const tokens = {
    expired: await heard.token('the expired token', site.token('dana', { exp: past, iat: past - 60 })),
    audience: await heard.token('the token for others', site.token('dana', { aud: 'billing' })),
    stranger: await heard.token('the stranger’s token', site.token('mallory')),
    groupless: await heard.token('the token without groups', site.token('dana', { groups: undefined })),
    forged: await heard.token(
      'the forged token',
      site.token('dana').then((token) => token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))),
    ),
    garbage,
  };
  for (const [name, token] of Object.entries(tokens)) {
    heard.add(`the refusal of ${name}`, await refused(site.client(token)));
    await heard.get(site, '/api/v1/sessions', token);
  }
  for (const database of ['wrong', 'dead', 'unknown'])
    heard.add(`the refusal on ${database}`, await refused(site.client(good, { database })));
  heard.add('the refusal of nothing', await refused(site.client('')));
  heard.add('the refusal of a parameter', await refused(site.client(good, { options: '-c role=postgres' })));
}

async function readEverything(site: Site, heard: Heard): Promise<void> {
  const token = await heard.token('the auditor’s token', site.token('audrey'));
  await site.sessionsOnce((items) => items.some(({ run, status }) => run === 'good' && status === 'ended'));
  const sessions = await site.all('/api/v1/sessions', token);
  for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/openapi.json']) await heard.get(site, path, null);
  const lists = ['sessions', 'exchanges', `exchanges?q=${control}`, 'audit?limit=1000', 'connections', 'policies', 'approvals', 'nothing'];
  for (const list of lists) await heard.get(site, `/api/v1/${list}`, token);
  for (const { id } of sessions)
    for (const more of ['', '/exchanges', '/recording', '/export?format=ndjson', '/export?format=no'])
      await heard.get(site, `/api/v1/sessions/${id}${more}`, token);
  await heard.get(site, `/api/v1/sessions?access_token=${token}`, null);
  await heard.get(site, `/api/v1/sessions?token=${token}`, token);
}

async function runCommands(site: Site, heard: Heard): Promise<void> {
  const token = await heard.token('the auditor’s other token', site.token('audrey'));
  const [good] = await site.all('/api/v1/sessions', token, '&run=good');
  assert.ok(good);
  const file = join(site.folder, 'token');
  await writeFile(file, token, { mode: 0o600 });
  const server = ['--server', `http://127.0.0.1:${site.consolePort}`];
  for (const from of [
    [...server, '--token-file', file],
    ['--state', site.state],
  ]) {
    const commands: readonly (readonly string[])[] = [
      ['sessions'],
      ['sessions', '--json'],
      ['search', control],
      ['replay', good.id, '--speed', '1000'],
      ['export', good.id, '--format', 'ndjson'],
    ];
    const codes = await Promise.all(commands.map((args) => heard.run([...args, ...from])));
    assert.deepEqual(codes, [0, 0, 0, 0, 0], from.join(' '));
  }
  const wrong = await Promise.all([
    heard.run(['sessions', ...server], { CHAPERONE_TOKEN: garbage }),
    heard.run(['replay', 'no-such-session', ...server], { CHAPERONE_TOKEN: token }),
  ]);
  assert.deepEqual(wrong, [1, 1]);
}

async function badConfigurations(site: Site, heard: Heard): Promise<void> {
  const text = await readFile(site.config, 'utf8');
  const changes = {
    'written.yaml': text.replace('{ file: orders.password }', JSON.stringify(written)),
    'unknown.yaml': text.replace('{ file: wrong.password }', '{ file: wrong.password, value: 1 }'),
    'misplaced.yaml': text.replace('credentials: { user', `credentials: { token: ${written}, user`),
  };
  for (const [name, changed] of Object.entries(changes)) {
    assert.notEqual(changed, text);
    const file = join(site.folder, name);
    await writeFile(file, changed);
    const commands = ['check', 'serve'].flatMap((command) => [[command], [command, '--json']]);
    const codes = await Promise.all(commands.map((words) => heard.run([...words, '--config', file])));
    assert.deepEqual(codes, [2, 2, 2, 2], name);
  }
  assert.equal(await heard.run(['check', '--config', site.config]), 0);
}

/** Every file of the state, as it is and as whoever can decompress and query it sees it. */
async function stateOf(site: Site, moment: string): Promise<Haystack[]> {
  const found: Haystack[] = [];
  for await (const path of glob('**/*', { cwd: site.state })) {
    const file = join(site.state, path);
    if (!(await lstat(file)).isFile()) continue;
    const bytes = await readFile(file);
    found.push({ where: `${path} ${moment}`, bytes });
    if (path.endsWith('.zst')) found.push({ where: `${path} unpacked ${moment}`, bytes: unpack(bytes) });
    if (path === 'catalog.db') found.push({ where: `the rows of ${path} ${moment}`, bytes: rowsOf(file) });
  }
  return found;
}

/** A recording's blocks: each a skippable frame of 28 bytes that says how long the zstd frame behind it is. */
function unpack(recording: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at + 28 <= recording.length; ) {
    const end = at + 28 + recording.readUInt32LE(at + 12);
    if (end > recording.length) break;
    blocks.push(zstdDecompressSync(recording.subarray(at + 28, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

function rowsOf(path: string): Buffer {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table' and name not like '%text_%'").all();
    const rows = tables.flatMap(({ name }) => database.prepare(`select * from "${String(name)}"`).all());
    return Buffer.from(
      rows
        .flatMap((row) =>
          Object.values(row).map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value))),
        )
        .join('\n'),
      'latin1',
    );
  } finally {
    database.close();
  }
}

async function assertPrivate(site: Site): Promise<void> {
  assert.equal((await lstat(site.state)).mode & 0o777, 0o700);
  for await (const path of glob('**/*', { cwd: site.state })) {
    const entry = await lstat(join(site.state, path));
    assert.equal(entry.mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, path);
  }
}

/** The keys of BackendKeyData, as the target gave them to the gateway and the gateway to its clients. */
function cancelKeys(tap: Tap, name: string): Needle[] {
  // BackendKeyData with the 4 bytes of secret of protocol 3.0, or the 32 of PostgreSQL's and ours in 3.2.
  const lengths = [12, 40];
  return tap.lines().flatMap(({ reply }, index) =>
    lengths.flatMap((length) => {
      const at = reply.indexOf(Buffer.from([0x4b, 0, 0, 0, length]));
      const key = reply.subarray(at + 5, at + 1 + length);
      return at < 0 || key.length < length - 4 ? [] : [keyNeedle(`${name} ${index}`, key)];
    }),
  );
}

describe('secrets', () => {
  it('neither passwords nor tokens nor cancel keys are in any output, file, log or answer; the state is private', async () => {
    await using stack = new AsyncDisposableStack();
    const { site, before, behind } = await openGuarded(stack);
    const heard = new Heard();
    for (const [name, text] of Object.entries({ password, wrongPassword, written, garbage }))
      heard.needles.push(textNeedle(`the canary ${name}`, text));
    await site.start({ CHAPERONE_LOG: 'debug' });
    const good = await heard.token('the client’s token', site.token('dana', { jti: 'the-first' }));
    await goodSessions(site, before.port, good);
    // Towards a target that takes the password as it is, and as MD5.
    for (const method of ['password', 'md5']) {
      const restore = await site.postgres.authenticate([`host all ${site.postgres.user} 127.0.0.1/32 ${method}`]);
      heard.add(`the refusal by ${method}`, await refused(site.client(good, { database: 'wrong' })));
      if (method === 'password') await (await site.connect(good)).end();
      await restore();
    }
    await refusedSessions(site, heard, good);
    await readEverything(site, heard);
    await badConfigurations(site, heard);
    heard.haystacks.push(...(await stateOf(site, 'while it ran')));
    await assertPrivate(site);
    await site.gateway.kill();
    heard.haystacks.push(...(await stateOf(site, 'after the kill')));
    await site.start({ CHAPERONE_LOG: 'debug' });
    await site.sessionsOnce((items) => items.some(({ run, status }) => run === 'left-open' && status === 'interrupted'));
    await readEverything(site, heard);
    await runCommands(site, heard);
    await site.gateway.stop();
    heard.haystacks.push(...(await stateOf(site, 'after the end')));
    await assertPrivate(site);
    for (const [index, gateway] of site.gateways.entries())
      heard.add(`the words of gateway ${index + 1}`, `${gateway.stdout()}\n${gateway.stderr()}`);
    const keys = [...cancelKeys(behind, 'the target’s cancel key'), ...cancelKeys(before, 'the client’s cancel key')];
    assert.ok(keys.length >= 3);
    assertScanned(heard, behind);
    assert.deepEqual(find([...heard.needles, ...keys], heard.haystacks), []);
  });
});

/** The scan proves itself: it finds the control wherever statements are kept or shown, and the password where it did cross. */
function assertScanned({ haystacks, needles }: Heard, behind: Tap): void {
  const places = find([textNeedle('the control', control)], haystacks);
  for (const place of [
    /\.segment while it ran/,
    /unpacked after the kill/,
    /unpacked after the end/,
    /the rows of catalog\.db/,
    /\/recording/,
    /\/export/,
    /\/exchanges/,
    /the output of search/,
    /the output of replay/,
    /the output of export/,
  ])
    assert.ok(
      places.some((found) => place.test(found)),
      `the control is found in ${place}:\n${places.join('\n')}`,
    );
  const wire = behind.lines().map(({ request }) => ({ where: 'the wire', bytes: request }));
  assert.ok(find(needles, wire).some((found) => found.startsWith('the canary password')));
  for (const needle of needles)
    for (const form of needle.forms) {
      const planted = Buffer.concat([Buffer.from('before '), form, Buffer.from(' behind')]);
      assert.equal(find([needle], [{ where: 'a plant', bytes: planted }]).length, 1);
    }
}
