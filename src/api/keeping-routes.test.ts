import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Holding } from '../archive/holdings.ts';
import { memoryCatalog, startApi, type Trial } from './trial.test-support.ts';

const at = '2026-11-22T10:00:00.000Z';
const holding: Holding = {
  connection: 'orders',
  sessions: 3,
  active: 1,
  interrupted: 1,
  gaps: 1,
  crossedBytes: 4_000,
  oldest: { session: 'a', at },
  next: { session: 'a', at },
  lastWhole: { session: 'b', at },
};

describe('what is kept, and what can be said of it', () => {
  let trial: Trial;
  before(async () => {
    const memory = memoryCatalog([], []);
    const start = { id: 'l/1', at, event: 'gateway.started', actor: 'gateway', detail: { recovered: 2, tornBytes: 17, version: '0.1.0' } };
    const torn = { id: 'l/0', at, event: 'journal.torn', actor: 'gateway', detail: { segment: 4, offset: 12, bytes: 17 } };
    trial = await startApi(
      { catalog: { ...memory, audit: ({ event }) => ({ items: event === 'journal.' ? [torn] : [start], next: null }) } },
      {
        holdings: {
          holdings: () => ({ complete: true, items: [holding, { ...holding, connection: 'gone' }, { ...holding, connection: null }] }),
          gaps: () => ({ items: [{ session: 'c', connection: 'orders', at, detail: null }], more: 2 }),
          missing: () => ({ items: [{ id: 'm', at, kind: 'segment-missing', session: null, detail: 'Segment 3 is missing.' }], more: 0 }),
        },
        diskUsage: async () => ({ bytes: 900, files: 4, complete: true }),
      },
    );
  });
  after(() => trial.close());
  const told = async (path: string) => (await (await trial.get(path, 'aud')).json()) as { readonly [name: string]: unknown };

  it('is told by connection, the configured ones first, and that somebody looked is on the trail', async () => {
    const { items, disk } = (await told('/api/v1/retention')) as { items: { connection: string; configuredDays: number }[]; disk: object };
    assert.deepEqual(
      items.map(({ connection, configuredDays }) => [connection, configuredDays]),
      [
        ['orders', 90],
        ['gone', null],
        [null, null],
      ],
    );
    assert.deepEqual(disk, { bytes: 900, files: 4, complete: true });
    assert.deepEqual(trial.audits.at(-1)?.event, 'retention.read');
  });

  it('claims no more than there is', async () => {
    const proof = await told('/api/v1/proof');
    assert.deepEqual(proof['evidence'], { checksum: 'crc32', chained: false, signed: false });
    assert.deepEqual(proof['recorder'], { ready: null, lagBytes: null, segments: null, standsStill: null, gapsSinceStart: null });
    assert.deepEqual(proof['starts'], [{ id: 'l/1', at, recovered: 2, tornBytes: 17, version: '0.1.0' }]);
    assert.deepEqual(proof['damages'], [{ id: 'l/0', at, event: 'journal.torn', detail: '{"segment":4,"offset":12,"bytes":17}' }]);
    assert.equal(trial.audits.at(-1)?.event, 'proof.read');
  });
});
