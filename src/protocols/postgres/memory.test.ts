import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import { bytesInUse, collectGarbage } from '../../../test/rig/memory.ts';
import { message } from './testing/fixtures.ts';
import { RawClient } from './testing/raw-client.ts';
import { planeBeforeServer } from './testing/shared-server.ts';
import { told } from './testing/told.ts';

const mebibyte = 1024 * 1024;
/** While the reader reads on, what is held is looked at after so many bytes. */
const lookEvery = 8 * mebibyte;

describe('memory', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer({ recording: { contentLimit: mebibyte } });
  });
  after(() => plane.close());

  for (const [name, text, total] of [
    ['200 MiB in rows of 100 KiB', `select repeat('x', 102400) from generate_series(1, 2048)`, 200 * mebibyte],
    ['200 MiB in four rows', `select repeat('x', 52428800) from generate_series(1, 4)`, 200 * mebibyte],
  ] as const)
    test(`a client that stops reading: ${name}`, async () => {
      using client = await RawClient.open(plane);
      client.socket.removeAllListeners('data');
      collectGarbage();
      const before = bytesInUse();
      let most = 0;
      let count = 0;
      client.socket.pause();
      client.send(message.query(text));
      // As long as nobody reads, what has come as far as the gateway must come to a halt.
      for (let rest = 0; rest < 20; rest += 1) {
        await new Promise((later) => setTimeout(later, 20));
        most = Math.max(most, bytesInUse() - before);
      }
      assert.ok(most < 100 * mebibyte, `${Math.round(most / mebibyte)} MiB are held for a client that does not read`);
      let looked = 0;
      client.socket.on('data', (chunk: Buffer) => {
        count += chunk.length;
        // Behind the collector: in a process with so many tests before this one it comes late, and counted up to 152 MiB of 31.
        if (count - looked >= lookEvery) {
          looked = count;
          collectGarbage();
          most = Math.max(most, bytesInUse() - before);
        }
        if (count > total && chunk.includes('SELECT ')) client.send(message.terminate());
      });
      client.socket.resume();
      await once(client.socket, 'close');
      assert.ok(count > total);
      assert.ok(most < 100 * mebibyte, `${Math.round(most / mebibyte)} MiB were held`);
      const entries = (await plane.settled()).filter(({ session }) => session === plane.opened.at(-1)?.facts.id);
      assert.equal(told(entries)[0]?.status, 'ok');
      const withheld = entries.filter((entry) => entry.kind === 'withheld');
      assert.ok(withheld.length > 0, 'nothing was withheld');
    });

  test('10,000 statements prepared and closed leave nothing behind', async () => {
    using client = await RawClient.open(plane);
    const text = `select '${'x'.repeat(1_000)}'`;
    const round = async () => {
      const names = Array.from({ length: 500 }, (_, index) => `s${index}`);
      client.send(...names.flatMap((name) => [message.parse(name, text), message.close('S', name)]), message.sync());
      await client.until('Z');
    };
    for (let warm = 0; warm < 5; warm += 1) await round();
    collectGarbage();
    const before = bytesInUse();
    for (let count = 0; count < 20; count += 1) await round();
    collectGarbage();
    assert.ok(bytesInUse() - before < 30 * mebibyte, `${Math.round((bytesInUse() - before) / mebibyte)} MiB more`);
  });
});
