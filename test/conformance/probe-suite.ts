import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Stages } from '../../src/core/stages.ts';
import { refuse } from '../../src/core/verdict.ts';
import { everybody } from '../rig/data-plane.ts';
import { freePorts } from '../rig/gateway.ts';
import type { ProtocolFolder } from './folder.ts';
import type { ConformanceTarget } from './rig.ts';
import { assertSound, openTrial } from './trial.ts';

const refusal = refuse('ACCESS_REFUSED', 'The test does not permit this.', 'Leave it.');

/** A connection is tried by a client of the gateway's own, and by no other way than every client's. */
export function probeSuite(folder: ProtocolFolder): void {
  const { rig, protocol } = folder;
  let target: ConformanceTarget;
  before(async () => {
    target = await rig.startTarget();
  });
  after(() => target?.stop());

  describe('can be tried', () => {
    test('and what is in order answers, on record as any session', async () => {
      await using trial = await openTrial(folder, target);
      const report = await trial.plane.probe();
      assert.equal(report.failure, null, JSON.stringify(report));
      assert.notEqual(report.says, null);
      const steps = report.steps.map(({ step }) => step);
      assert.equal(steps[0], 'admit');
      assert.equal(steps.at(-1), 'answer');
      for (const step of ['resolve', 'connect'] as const) assert.ok(steps.includes(step), step);
      for (const { step, ms } of report.steps) assert.notEqual(ms, null, `${step} has no end`);
      const entries = await trial.plane.settled();
      assertSound(entries);
      const [opened] = entries;
      assert.ok(opened?.kind === 'session' && opened.session === report.session && opened.facts.principal?.subject === 'amy');
      assert.equal(entries.filter(({ kind }) => kind === 'exchange').length, 1);
      assert.ok(entries.some((entry) => entry.kind === 'exchange' && entry.action.effect === 'read'));
      assert.ok(!JSON.stringify(report).includes(rig.secret));
    });

    test('and is judged as every other request', async () => {
      const judge: Stages['judge'] = (_circumstance, action) => (action.name === 'connect' ? everybody : refusal);
      await using trial = await openTrial(folder, target, { judge });
      const { failure, says } = await trial.plane.probe();
      assert.equal(failure?.code, 'ACCESS_REFUSED', JSON.stringify(failure));
      assert.equal(says, null);
      assertSound(await trial.plane.settled());
    });

    test('and a target where nobody listens is named as that', async () => {
      await using trial = await openTrial(folder, target);
      const [port = 0] = await freePorts(1);
      const report = await trial.plane.probe(protocol.settings.parse(rig.settings(port)));
      assert.equal(report.failure?.step, 'connect', JSON.stringify(report));
      assert.equal(report.failure?.code, 'TARGET_UNREACHABLE');
      assert.match(report.failure?.message ?? '', /ECONNREFUSED/);
      assert.equal(report.says, null);
      await trial.plane.settled();
    });

    test('and one that hangs up is no answer', async () => {
      await using trial = await openTrial(folder, target);
      const rude = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
      try {
        const address = rude.address();
        assert.ok(address !== null && typeof address === 'object');
        const report = await trial.plane.probe(protocol.settings.parse(rig.settings(address.port)));
        assert.notEqual(report.failure, null, JSON.stringify(report));
        assert.notEqual(report.failure?.step, 'connect');
        assert.equal(report.says, null);
        await trial.plane.settled();
      } finally {
        rude.close();
      }
    });
  });
}
