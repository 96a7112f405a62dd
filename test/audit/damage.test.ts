import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditItem } from '../../src/archive/items.ts';
import { readFrame } from '../../src/core/frame.ts';
import { SaidSoFar } from '../../src/core/said.ts';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName, segmentNumber } from '../../src/core/segment.ts';
import { openSite, type Site } from './site.ts';

/** Sessions of a gateway that is killed, so that its journal stays. */
async function siteWithJournal(stack: AsyncDisposableStack): Promise<Site> {
  const site = stack.use(await openSite());
  await site.start();
  const token = await site.token('dana');
  for (const run of ['first', 'second', 'third']) {
    const client = await site.connect(token, { application_name: `hard;run=${run}` });
    await client.query(`select 'marker of ${run}'`);
    await client.end();
  }
  await site.gateway.kill();
  return site;
}

/** The journal's last segment, and where its whole frames begin. */
function lastSegment(site: Site) {
  const folder = join(site.state, 'journal');
  const number = Math.max(...readdirSync(folder).flatMap((name) => segmentNumber(name) ?? []));
  const path = join(folder, segmentName(number));
  const buffer = readFileSync(path);
  const frames: number[] = [];
  let at = segmentHeaderBytes;
  const said = new SaidSoFar();
  for (let read = readFrame(buffer, at, said); read.kind === 'entry'; read = readFrame(buffer, at, said)) {
    frames.push(at);
    at = read.next;
  }
  return { folder, number, path, buffer, frames };
}

/** The trail's first event of this name, once the archive has it. */
async function toldOf(site: Site, event: string): Promise<AuditItem> {
  for (const deadline = Date.now() + 15_000; ; await pause(50)) {
    const audit = await site.all('/api/v1/audit', await site.token('root'));
    const told = audit.find((item) => item.event === event);
    if (told) return told;
    if (Date.now() > deadline) assert.fail(`${event} is not told: ${audit.map((item) => item.event).join()}; ${site.gateway.stderr()}`);
  }
}

describe('an entry in the middle that is damaged', () => {
  for (const behind of [false, true])
    test(behind ? 'in a segment that others follow' : 'in the last segment', async () => {
      await using stack = new AsyncDisposableStack();
      const site = await siteWithJournal(stack);
      const { folder, number, path, buffer, frames } = lastSegment(site);
      assert.ok(frames.length > 10);
      const at = frames[frames.length >> 1] ?? 0;
      // A byte of the header: the payload may be shorter than any place in it.
      buffer.writeUInt8(buffer.readUInt8(at + 10) ^ 0xff, at + 10);
      writeFileSync(path, buffer);
      if (behind) writeFileSync(join(folder, segmentName(number + 1)), encodeSegmentHeader(number + 1), { mode: 0o600 });
      await site.start();
      const event = behind ? 'journal.damaged' : 'journal.torn';
      const told = await toldOf(site, event);
      assert.equal(told.detail['offset'], at);
      assert.match(site.gateway.stderr(), behind ? /is damaged at/ : /was torn at/);
      if (!behind) {
        const aside = readFileSync(join(folder, `torn-${number}-${at}.bin`));
        assert.ok(aside.equals(buffer.subarray(at)), 'what could not be read is put aside whole');
      }
      const sessions = await site.sessionsOnce((items) => items.length > 0 && items.every(({ status }) => status !== 'active'));
      assert.ok(
        sessions.some(({ run }) => run === 'first'),
        'what stands before the damage is there',
      );
    });
});
