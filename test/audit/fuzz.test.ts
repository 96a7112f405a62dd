import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { campaign, heapInUse, type Kind, newTally } from './fuzz/campaign.ts';
import { findings, playFinding } from './fuzz/found.ts';

/** Messages in each direction that is lied in; `npm run audit -- fuzz` asks for more. */
const messages = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 50_000);
const isLong = process.env['CHAPERONE_AUDIT_ROUNDS'] !== undefined;
// The short form plays the same sessions each time: it stands before every change, which must not fail by what was there before it.
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? (isLong ? Math.floor(Math.random() * 2 ** 31) : 335_288_863));
const shareOf: { readonly [kind in Kind]: number } = {
  honest: 0.1,
  judged: 0.1,
  requests: 1,
  replies: 1,
  opening: 0.05,
  disk: 0.1,
  masked: 0.1,
  'masked-requests': 0.3,
  'masked-replies': 0.3,
};
/** What the heap may hold more after a campaign: caches that fill, code that is compiled. */
const mostGrowth = 12 * 1024 * 1024;

describe(`fuzzed (seed ${seed})`, () => {
  for (const [kind, share] of Object.entries(shareOf) as [Kind, number][])
    test(`${kind}: every session ends, nothing crosses unrecorded, nothing is kept`, async (t) => {
      const tally = newTally();
      const progress = (line: string) => (isLong ? console.log(line) : t.diagnostic(line));
      const warm = await campaign(kind, seed, (messages * share) / 5, tally, () => {});
      const before = heapInUse();
      await campaign(kind, warm, messages * share, tally, progress);
      const growth = heapInUse() - before;
      t.diagnostic(`the heap grew by ${Math.round(growth / 1024)} KiB; ends: ${endsOf(tally.ends)}`);
      assert.ok(growth < mostGrowth, `the heap grew by ${growth} bytes`);
    });

  for (const finding of findings) test(finding.name, { todo: finding.todo }, () => playFinding(finding));
});

function endsOf(ends: ReadonlyMap<string, number>): string {
  const most = [...ends].toSorted(([, one], [, other]) => other - one).slice(0, 12);
  return most.map(([reason, count]) => `${count} × ${reason}`).join('; ');
}
