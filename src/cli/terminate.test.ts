import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exchangeItem, memoryCatalog, people, sessionItem, startApi, type Trial } from '../api/trial.test-support.ts';
import { runCommand } from './trial.test-support.ts';

const stoppedAt = Date.UTC(2026, 10, 22, 10, 0, 30);
const goesOn = sessionItem(people['ada'] ?? null, { status: 'active', endedAt: null });
const over = sessionItem(people['ada'] ?? null);
const open = exchangeItem(goesOn, {
  startedAt: new Date(stoppedAt - 1000).toISOString(),
  durationMs: 2000,
  text: 'update refunds \u001b[2Jset paid',
  status: 'cut',
});

describe('`chaperone terminate`', () => {
  let trial: Trial;
  const reasons: (string | null)[] = [];
  before(async () => {
    let ended = false;
    const catalog = memoryCatalog([goesOn, over], [open]);
    const session = (id: string) => (ended && id === goesOn.id ? { ...over, id } : catalog.session(id));
    const terminate = async ({ reason }: { reason: string | null }) => {
      ended = true;
      reasons.push(reason);
      return { kind: 'stopped', stoppedAt, endedAt: stoppedAt + 400 } as const;
    };
    trial = await startApi({ catalog: { ...catalog, session } }, {}, { terminate });
  });
  after(() => trial.close());
  const as = (token: string, ...words: readonly string[]) =>
    runCommand(['terminate', ...words], { env: { CHAPERONE_SERVER: trial.url, CHAPERONE_TOKEN: token } });

  test('is not for everybody', async () => {
    const { exit, err } = await as('aud', goesOn.id);
    assert.equal(exit, 1);
    assert.match(err, /by whose it is, or by the role admin/);
    assert.equal((await as('bob', goesOn.id)).exit, 1);
    assert.deepEqual(reasons, []);
  });

  test('ends a session and says what was under way, as text', async () => {
    const { exit, out } = await as('ada', goesOn.id, '--reason', 'enough');
    assert.equal(exit, 0);
    assert.deepEqual(reasons, ['enough']);
    assert.match(
      out,
      new RegExp(`^${goesOn.id} stopped: ended 2026-11-22 10:01:00Z, last entry 1, 1 exchange under way\n    update refunds `),
    );
    assert.match(out, /had been sent; what became of it is not known/);
    assert.ok(!out.includes('\u001b'));
  });

  test('says that a session was over', async () => {
    assert.match((await as('ada', over.id)).out, /was over already: ended/);
    assert.match((await as('ada', over.id, '--run')).out, /Nothing of it went on/);
    assert.equal(JSON.parse((await as('ada', over.id, '--json')).out).stoppedAt, null);
  });
});
