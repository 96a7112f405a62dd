import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { joinSiblings } from './siblings.ts';

describe('gateways that share a port', () => {
  let folder = '';
  let count = 0;
  const fresh = () => join(folder, String((count += 1)));
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'chaperone-siblings-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const nobody = (socket: Socket) => void socket.destroy();
  /** Joins, and keeps what it is given. */
  const member = async (shared: string, name: string) => {
    const given: Promise<string>[] = [];
    const siblings = await joinSiblings(shared, name, (socket) => {
      given.push(text(socket));
      socket.end();
    });
    return { ...siblings, given: () => Promise.all(given) };
  };

  test('each of the others is given what one passes on, and nobody of another port', async () => {
    const shared = fresh();
    const [one, two, three] = await Promise.all([member(shared, 'tiny-1'), member(shared, 'tiny-1'), member(shared, 'tiny-1')]);
    const other = await member(shared, 'tiny-12');
    await one.passOn(Buffer.from('stop it'));
    assert.deepEqual(await Promise.all([one, two, three, other].map((each) => each.given())), [[], ['stop it'], ['stop it'], []]);
    for (const each of [one, two, three, other]) each.close();
  });

  test('one that left is not found any more', async () => {
    const shared = fresh();
    const [one, two] = [await member(shared, 'tiny-1'), await member(shared, 'tiny-1')];
    two.close();
    assert.equal(readdirSync(shared).length, 1);
    await one.passOn(Buffer.from('stop it'));
    assert.deepEqual(await two.given(), []);
    one.close();
  });

  test('the socket of one that was killed is taken away', async () => {
    const shared = fresh();
    const one = await member(shared, 'tiny-1');
    const path = join(shared, 'tiny-1-4711-0000.sock');
    writeFileSync(path, '');
    await one.passOn(Buffer.from('stop it'));
    assert.ok(!existsSync(path));
    one.close();
  });

  test('nobody is found in a folder that was taken away', async () => {
    const shared = fresh();
    const one = await member(shared, 'tiny-1');
    rmSync(shared, { recursive: true });
    await one.passOn(Buffer.from('stop it'));
    one.close();
  });

  test('the folder is this user’s alone', async () => {
    const shared = fresh();
    const one = await joinSiblings(shared, 'tiny-1', nobody);
    assert.equal(statSync(shared).mode & 0o777, 0o700);
    one.close();
    chmodSync(shared, 0o755);
    await assert.rejects(joinSiblings(shared, 'tiny-1', nobody), {
      code: 'LISTENER_FAILED',
      message: /may be entered by others.*chmod 700/,
    });
  });

  test('a file is no folder', async () => {
    const shared = fresh();
    writeFileSync(shared, '');
    await assert.rejects(joinSiblings(shared, 'tiny-1', nobody), { code: 'LISTENER_FAILED' });
  });

  test('a path that is too long for a socket is refused by its name', async () => {
    const shared = join(fresh(), 'x'.repeat(100));
    mkdirSync(shared, { recursive: true, mode: 0o700 });
    await assert.rejects(joinSiblings(shared, 'tiny-1', nobody), { code: 'LISTENER_FAILED', message: /listen\.tiny .*too long/ });
  });
});
