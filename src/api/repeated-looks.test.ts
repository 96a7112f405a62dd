import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../core/entry.ts';
import { RepeatedLooks } from './repeated-looks.ts';
import { people } from './trial.test-support.ts';

const minute = 60_000;

function scene() {
  const events: AuditEvent[] = [];
  const faults: object[] = [];
  const state = { now: Date.UTC(2026, 0, 1), broken: false };
  const looks = new RepeatedLooks({
    gateway: {
      audit: async (event) => {
        if (state.broken) throw new Error('disk full');
        events.push(event);
      },
    },
    log: { info: () => {}, error: (fields) => void faults.push(fields) },
    now: () => state.now,
  });
  const look = (who = 'aud', status: string | null = null) =>
    looks.look({ principal: people[who] ?? assert.fail(`${who} is nobody`), visibility: 'all' }, 'approvals.read', { status });
  return { events, faults, state, looks, look };
}

const told = (events: readonly AuditEvent[]) =>
  events.map(({ actor, detail }) => [actor.split(' ')[0], detail['status'], detail['again'] ?? 0]);

describe('looks that are repeated', () => {
  it('are one event at first and one at the end, which counts the others', async () => {
    const { events, state, looks, look } = scene();
    await look();
    assert.deepEqual(told(events), [['aud', null, 0]]);
    for (let times = 0; times < 4; times += 1) {
      state.now += minute;
      await look();
      await looks.sweep();
    }
    assert.equal(events.length, 1);
    state.now += minute;
    await looks.sweep();
    assert.deepEqual(told(events).slice(1), [['aud', null, 4]]);
    assert.equal(events[1]?.detail['lastAt'], '2026-01-01T00:04:00.000Z');
    await look();
    assert.deepEqual(told(events).slice(2), [['aud', null, 0]]);
    await looks.close();
    assert.equal(events.length, 3, 'nothing is said of who did not look again');
  });

  it('are told apart by person and by what was looked at', async () => {
    const { events, looks, look } = scene();
    for (const who of ['aud', 'root', 'aud', 'root']) await look(who);
    for (const status of ['open', 'open', 'used']) await look('aud', status);
    assert.deepEqual(told(events), [
      ['aud', null, 0],
      ['root', null, 0],
      ['aud', 'open', 0],
      ['aud', 'used', 0],
    ]);
    await looks.close();
    assert.deepEqual(told(events).slice(4), [
      ['aud', null, 1],
      ['root', null, 1],
      ['aud', 'open', 1],
    ]);
  });

  it('go on only when what was counted is on record', async () => {
    const { events, faults, state, looks, look } = scene();
    await look();
    await look();
    state.broken = true;
    state.now += 6 * minute;
    await looks.sweep();
    assert.equal(faults.length, 1);
    await assert.rejects(look(), { code: 'RECORDER_FAULT' });
    state.broken = false;
    await look();
    assert.deepEqual(told(events), [
      ['aud', null, 0],
      ['aud', null, 1],
      ['aud', null, 0],
    ]);
    await looks.close();
  });

  it('are not shown where the first cannot be recorded', async () => {
    const { events, state, looks, look } = scene();
    state.broken = true;
    await assert.rejects(look(), { code: 'RECORDER_FAULT' });
    await assert.rejects(look(), { code: 'RECORDER_FAULT' });
    state.broken = false;
    await look();
    assert.equal(events.length, 1);
    await looks.close();
  });
});
