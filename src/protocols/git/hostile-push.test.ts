import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Action } from '../../core/action.ts';
import { everybody } from '../../../test/rig/data-plane.ts';
import { commit, delta, none, object, pack, pushBody, tree } from './testing/packs.ts';
import { type GitTrial, openTrial } from './testing/trial.ts';

const file = object('blob', 'one\n');
const other = object('blob', '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch\n');
const entry = (name: string, mode = '100644', id = file.id) => ({ mode, name, id });

/** A commit of one tree, with all that is in it. */
function pushing(...entries: readonly ReturnType<typeof entry>[]): { readonly state: string; readonly packed: Buffer } {
  const root = tree(...entries);
  const head = commit(root.id);
  return { state: head.id, packed: pack(file, other, root, head) };
}

const plain = pushing(entry('file'));
const missing = object('blob', 'never sent');
const first = object('blob', 'a'.repeat(100));
const second = object('blob', 'b'.repeat(100));
const copyAll = Buffer.from([100, 100, 0x90, 100]);
const nested = commit(tree(entry('file')).id, { parent: 'e'.repeat(40) });

const broken: readonly { readonly name: string; readonly state: string; readonly packed: Buffer; readonly says: RegExp }[] = [
  { name: 'a file named .git', ...pushing(entry('.git')), says: /hasDotgit/ },
  { name: 'a file named .GIT, as macOS and Windows take for the same', ...pushing(entry('.GIT')), says: /hasDotgit/ },
  { name: 'a file named ..', ...pushing(entry('..')), says: /hasDotdot/ },
  { name: 'a file named .', ...pushing(entry('.')), says: /hasDot/ },
  { name: 'a file with a slash in its name', ...pushing(entry('a/b')), says: /fullPathname/ },
  { name: 'a .gitmodules that is a symbolic link', ...pushing(entry('.gitmodules', '120000')), says: /gitmodulesSymlink/ },
  {
    name: 'a submodule whose address is an option (CVE-2018-17456)',
    ...pushing(entry('.gitmodules', '100644', other.id)),
    says: /gitmodules/,
  },
  { name: 'two files of one name', ...pushing(entry('file'), entry('file')), says: /duplicateEntries/ },
  { name: 'a file that is not there', ...pushing(entry('file', '100644', missing.id)), says: /did not receive expected object/ },
  {
    name: 'a commit whose parent is not there',
    state: nested.id,
    packed: pack(file, tree(entry('file')), nested),
    says: /did not receive expected object/,
  },
  { name: 'a state that does not come along', state: missing.id, packed: plain.packed, says: /does not bring/ },
  { name: 'no pack', state: plain.state, packed: Buffer.alloc(0), says: /no pack/ },
  { name: 'something else than a pack', state: plain.state, packed: Buffer.from('GIF89a and so on'), says: /is no pack/ },
  { name: 'a pack that is cut short', state: plain.state, packed: plain.packed.subarray(0, -30), says: /index-pack/ },
  {
    name: 'a pack whose sum is wrong',
    state: plain.state,
    packed: Buffer.concat([plain.packed.subarray(0, -1), Buffer.from('x')]),
    says: /index-pack/,
  },
  {
    name: 'more objects than it says',
    state: plain.state,
    packed: Buffer.concat([plain.packed, Buffer.from('more')]),
    says: /behind the pack/,
  },
  {
    name: 'a second pack behind the first',
    state: plain.state,
    packed: Buffer.concat([plain.packed, pack(first)]),
    says: /behind the pack/,
  },
  {
    name: 'a delta whose base nobody has',
    state: plain.state,
    packed: pack(delta(missing.id, copyAll), commit(tree(entry('file')).id)),
    says: /unresolved/,
  },
  {
    name: 'two deltas that are each other’s base',
    state: plain.state,
    packed: pack(delta(second.id, copyAll), delta(first.id, copyAll)),
    says: /unresolved/,
  },
  {
    name: 'a delta that copies from beyond its base',
    state: plain.state,
    packed: pack(first, delta(first.id, Buffer.from([100, 100, 0x91, 90, 100]))),
    says: /index-pack/,
  },
];

describe('a push that is not sound', () => {
  let trial: GitTrial;
  const seen: Action[] = [];
  before(async () => {
    trial = await openTrial(
      { judge: (_, action) => (seen.push(action), everybody) },
      { objects: 1_000, patch: '64KiB', pack: '64KiB', time: '20s' },
    );
  });
  after(() => trial?.[Symbol.asyncDispose]());

  /** Sends a push as a client of its own making does; resolves with what it is told. */
  async function send(body: Buffer, headers: Record<string, string> = {}): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${trial.url}/git-receive-pack`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await trial.plane.token()}`,
        'content-type': 'application/x-git-receive-pack-request',
        ...headers,
      },
      body: new Uint8Array(body),
    });
    return { status: response.status, text: Buffer.from(await response.arrayBuffer()).toString('latin1') };
  }

  async function refuses(body: Buffer, says: RegExp): Promise<void> {
    const { text } = await send(body);
    assert.match(text, says);
    assert.match(text, /Chaperone (PROTOCOL_REFUSED|LIMIT_EXCEEDED|REQUEST_INVALID)/);
    assert.deepEqual(await trial.refs(), {});
    assert.ok(!trial.server.requests.some((line) => line.startsWith('POST') && line.endsWith('git-receive-pack')), 'the target was asked');
    await trial.swept();
  }

  for (const { name, state, packed, says } of broken)
    test(`is refused: ${name}`, async () => {
      await refuses(pushBody('refs/heads/main', none, state, packed), says);
      // Whatever came is not among the mirror's objects.
      const found = await trial.git(`${trial.kept}/mirror.git`, 'cat-file', '-e', file.id);
      assert.notEqual(found.code, 0);
      assert.equal(seen.at(-1)?.facts['inspected'], false);
    });

  /** Sends the first half, and the second once git has taken the pack of the first; null breaks off instead. */
  async function sendSlowly(first: Buffer, second: Buffer | null): Promise<string> {
    const left = new AbortController();
    const body = async function* () {
      yield first;
      while (!trial.leftBehind().some((push) => packsIn(push).some((name) => name.endsWith('.idx')))) await pause(5);
      if (second === null) left.abort();
      else yield second;
    };
    const headers = { authorization: `Bearer ${await trial.plane.token()}`, 'content-type': 'application/x-git-receive-pack-request' };
    const url = `${trial.url}/git-receive-pack`;
    const response = await fetch(url, { method: 'POST', headers, body: ReadableStream.from(body()), duplex: 'half', signal: left.signal });
    return Buffer.from(await response.arrayBuffer()).toString('latin1');
  }
  const packsIn = (push: string) => {
    try {
      return readdirSync(`${trial.kept}/quarantine/${push}/objects/pack`);
    } catch {
      // A push of before, which has just been swept.
      return [];
    }
  };

  test('is refused: bytes that come long after git has had its pack', async () => {
    const text = await sendSlowly(pushBody('refs/heads/main', none, plain.state, plain.packed), Buffer.from('more'));
    assert.match(text, /behind the pack/);
    assert.deepEqual(await trial.refs(), {});
    await trial.swept();
  });

  test('is let go of where its client leaves after the pack and before the end', async () => {
    await assert.rejects(sendSlowly(pushBody('refs/heads/main', none, plain.state, plain.packed), null));
    await trial.swept();
    assert.deepEqual(await trial.refs(), {});
    assert.notEqual((await trial.git(`${trial.kept}/mirror.git`, 'cat-file', '-e', file.id)).code, 0);
  });

  test('is refused: more bytes than a push may have', async () => {
    const large = object('blob', Buffer.from(Array.from({ length: 9_000_000 }, (_, at) => (at * at * 31) % 251)));
    const noise = Buffer.concat([pack(large), Buffer.alloc(9 * 1024 * 1024, 1)]);
    await refuses(pushBody('refs/heads/main', none, plain.state, noise), /longer than|index-pack/);
  });

  test('is refused: more objects than a push may have', () => {
    const many = Buffer.from(plain.packed);
    many.writeUInt32BE(5_000, 8);
    return refuses(pushBody('refs/heads/main', none, plain.state, many), /has 5000 objects/);
  });

  test('is refused: a small pack whose patch is a thousand times as long', async () => {
    const bomb = object('blob', 'a line\n'.repeat(200_000));
    const root = tree(entry('bomb', '100644', bomb.id));
    const head = commit(root.id);
    await refuses(pushBody('refs/heads/main', none, head.id, pack(bomb, root, head)), /as a patch/);
  });

  test('is refused: an old state that the target does not have', () =>
    refuses(pushBody('refs/heads/main', 'a'.repeat(40), plain.state, plain.packed), /has changed at the target/));

  for (const [name, head] of [
    ['the same ref twice', `${none} ${plain.state} refs/heads/a\0 report-status`],
    ['a name that is none', `${none} ${plain.state} refs/heads/a..b\0 report-status`],
    ['a name that leads out', `${none} ${plain.state} refs/heads/../../x\0 report-status`],
    ['a name outside of refs', `${none} ${plain.state} HEAD\0 report-status`],
    ['no ids', 'x y refs/heads/a\0 report-status'],
    ['a push certificate', 'push-cert\0 report-status'],
  ] as const)
    test(`is refused before it is looked into: ${name}`, async () => {
      const line = `${(head.length + 4).toString(16).padStart(4, '0')}${head}`;
      const twice =
        name === 'the same ref twice'
          ? `${((head.split('\0')[0] ?? '').length + 4).toString(16).padStart(4, '0')}${head.split('\0')[0]}`
          : '';
      const { status, text } = await send(Buffer.from(`${line}${twice}0000`, 'latin1'));
      assert.equal(status, 400);
      assert.match(text, /PROTOCOL_REFUSED/);
      assert.equal(seen.at(-1)?.name, 'git:unknown');
      await trial.swept();
    });

  test('is refused where it is not one of git’s, by its type', async () => {
    const { status } = await send(pushBody('refs/heads/main', none, plain.state, plain.packed), { 'content-type': 'text/plain' });
    assert.equal(status, 400);
  });

  test('leaves nothing behind where the client breaks off', async () => {
    const controller = new AbortController();
    const stream = new ReadableStream({
      start(part) {
        part.enqueue(new Uint8Array(pushBody('refs/heads/main', none, plain.state, plain.packed.subarray(0, 40))));
      },
    });
    const sent = fetch(`${trial.url}/git-receive-pack`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await trial.plane.token()}`, 'content-type': 'application/x-git-receive-pack-request' },
      body: stream,
      duplex: 'half',
      signal: controller.signal,
    });
    while (trial.leftBehind().length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await assert.rejects(sent);
    while (trial.leftBehind().length > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(existsSync(trial.kept));
  });

  test('does not keep a sound one from passing', async () => {
    const { text } = await send(pushBody('refs/heads/main', none, plain.state, plain.packed));
    assert.match(text, /unpack ok/);
    assert.deepEqual(await trial.refs(), { 'refs/heads/main': plain.state });
    assert.equal((await trial.git(`${trial.kept}/mirror.git`, 'cat-file', '-e', file.id)).code, 0);
    await trial.swept();
  });

  test('is told of in the form that its client has asked for', async () => {
    const stale = pushBody('refs/heads/main', 'a'.repeat(40), plain.state, plain.packed, 'report-status');
    assert.match((await send(stale)).text, /^000eunpack ok\n[0-9a-f]{4}ng refs\/heads\/main REQUEST_INVALID: .*\n0000$/s);
    const { status, text } = await send(pushBody('refs/heads/main', 'a'.repeat(40), plain.state, plain.packed, 'ofs-delta'));
    assert.equal(status, 400);
    assert.equal((JSON.parse(text) as { readonly code: string }).code, 'REQUEST_INVALID');
  });

  test('is read the same where it comes byte by byte, and so is the question whether one may come', async () => {
    const bytewise = async (body: Buffer) => {
      const pieces = Array.from(body, (_, at) => new Uint8Array(body.subarray(at, at + 1)));
      const headers = { authorization: `Bearer ${await trial.plane.token()}`, 'content-type': 'application/x-git-receive-pack-request' };
      const response = await fetch(`${trial.url}/git-receive-pack`, {
        method: 'POST',
        headers,
        body: ReadableStream.from(pieces),
        duplex: 'half',
      });
      return { status: response.status, text: Buffer.from(await response.arrayBuffer()).toString('latin1') };
    };
    assert.equal((await bytewise(Buffer.from('0000'))).status, 200);
    assert.equal(seen.at(-1)?.name, 'git:list');
    const sound = pushing(entry('bytewise'));
    assert.match((await bytewise(pushBody('refs/heads/bytewise', none, sound.state, sound.packed))).text, /ok refs\/heads\/bytewise/);
    assert.equal((await trial.refs())['refs/heads/bytewise'], sound.state);
    assert.match((await bytewise(Buffer.from('0000more'))).text, /PROTOCOL_REFUSED/);
    await trial.swept();
  });

  test('is read the same where it comes compressed', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    const behind = Buffer.concat([plain.packed, Buffer.from('more')]);
    assert.match((await send(gzipSync(pushBody('refs/heads/zipped', none, plain.state, behind)), gzip)).text, /behind the pack/);
    assert.match((await send(Buffer.from('no gzip at all'), gzip)).text, /cannot be decompressed/);
    const bomb = gzipSync(
      Buffer.concat([pushBody('refs/heads/zipped', none, plain.state, Buffer.from('PACK')), Buffer.alloc(64 * 1024 * 1024)]),
    );
    assert.match((await send(bomb, gzip)).text, /PROTOCOL_REFUSED|LIMIT_EXCEEDED/);
    const sound = pushing(entry('zipped'));
    assert.match(
      (await send(gzipSync(pushBody('refs/heads/zipped', none, sound.state, sound.packed)), gzip)).text,
      /ok refs\/heads\/zipped/,
    );
    assert.equal((await trial.refs())['refs/heads/zipped'], sound.state);
    await trial.swept();
  });
});
