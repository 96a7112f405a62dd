import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { encodeFrame } from '../../src/core/frame.ts';
import { encodeSegmentHeader, segmentName } from '../../src/core/segment.ts';
import { action, done, factsOf, left, TestState, terms, receiver } from '../../src/stages/recording/testing.ts';
import { runChaperone } from '../rig/gateway.ts';
import type { SessionItem } from '../../src/archive/items.ts';
import { openSite } from './site.ts';
import { SmallDisk, withoutSmallDisk } from './small-disk.ts';

const isLong = process.env['CHAPERONE_AUDIT_ROUNDS'] !== undefined;
const segments = 10_000;
/** So many of them are also archived by a gateway; each is read, moved into recordings and the catalog, and deleted. */
const archived = isLong ? 10_000 : 300;
const hourMs = 3_600_000;

/** One session to a segment, ended but for every tenth. */
function layDown(folder: string, count: number): string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const cut: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const facts = { ...factsOf(), connection: 'orders', protocol: 'postgres' };
    const at = Date.now() + number;
    const head = { session: facts.id, at, exchange: 0 } as const;
    const bytes = Buffer.from('chunk');
    const frames = [
      encodeFrame({ ...head, sequence: 0, kind: 'session', facts }),
      encodeFrame({ ...head, sequence: 1, kind: 'bytes', direction: 'request', bytes }),
      ...(number % 10 === 0 ? [] : [encodeFrame({ ...head, sequence: 2, kind: 'end', end: left })]),
    ];
    if (number % 10 === 0) cut.push(facts.id);
    writeFileSync(join(folder, segmentName(number)), Buffer.concat([encodeSegmentHeader(number), ...frames]), { mode: 0o600 });
  }
  return cut;
}

describe('a hard start', () => {
  test(`${segments} segments: the journal opens, marks what was cut, and holds on to nothing`, async (t) => {
    await using state = new TestState();
    const cut = layDown(state.folder, segments);
    const [before, began] = [process.memoryUsage().rss, performance.now()];
    await state.open();
    const took = Math.round(performance.now() - began);
    t.diagnostic(`opened in ${took} ms, ${Math.round((process.memoryUsage().rss - before) / 2 ** 20)} MiB more resident`);
    const ends = new Map(state.entries().flatMap((entry) => (entry.kind === 'end' ? [[entry.session, entry.end.status] as const] : [])));
    assert.equal(ends.size, segments);
    for (const id of cut) assert.equal(ends.get(id), 'interrupted');
    assert.equal([...ends.values()].filter((status) => status === 'interrupted').length, cut.length);
  });

  test(`a gateway archives ${archived} segments, and tells of every session`, async (t) => {
    await using site = await openSite();
    const cut = new Set(layDown(join(site.state, 'journal'), archived));
    const gateway = await site.start();
    t.diagnostic(`ready after ${Math.round(gateway.readyAfterMs)} ms`);
    const isThere = (items: readonly SessionItem[]) => items.length >= archived && items.every(({ status }) => status !== 'active');
    const sessions = await site.sessionsOnce(isThere, '', isLong ? 600_000 : 20_000);
    for (const { id, status } of sessions) assert.equal(status, cut.has(id) ? 'interrupted' : 'ended');
  });

  test('the clock set back an hour: nothing is lost, and no entry is older than the one before it', async () => {
    await using state = new TestState();
    let back = 0;
    const journal = await state.open({ now: () => Date.now() - back });
    const facts = factsOf();
    const record = journal.open(facts, terms, (fault) => assert.fail(fault));
    for (let count = 0; count < 20; count += 1) {
      if (count === 10) back = hourMs;
      const ordinal = record.exchange(action);
      record.cross(
        ordinal,
        'request',
        Buffer.from(`piece ${count}`),
        receiver(() => {}),
      );
      record.outcome(ordinal, done);
    }
    await record.end(left);
    const later = factsOf();
    await journal.open(later, terms, (fault) => assert.fail(fault)).end(left);
    await journal.close();
    const entries = state.of(facts.id);
    assert.equal(entries.filter(({ kind }) => kind === 'bytes').length, 20);
    for (const [index, { at, sequence }] of entries.entries()) {
      assert.ok(at >= (entries[index - 1]?.at ?? 0), `entry ${index} is older than the one before`);
      assert.equal(sequence, index);
    }
    await state.open({ now: () => Date.now() - 2 * hourMs });
    assert.equal(state.of(later.id).at(-1)?.kind, 'end');
  });

  test('a state folder that cannot be written: it does not start, and says why', { skip: withoutSmallDisk() }, async () => {
    using disk = new SmallDisk(112);
    await using site = await openSite({ state: join(disk.folder, 'state') });
    await site.start();
    await site.gateway.stop();
    const remount = (how: string) => assert.equal(spawnSync('mount', ['-o', `remount,${how}`, disk.folder]).status, 0);
    remount('ro');
    const { code, stderr } = await runChaperone(['serve', '--config', site.config]).finished;
    remount('rw');
    assert.ok(code !== 0 && code !== null);
    assert.match(stderr, /read-only file system/i);
    assert.ok(stderr.includes(site.state), stderr);
    await site.start();
  });
});
