import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from 'pg';
import { unarchived } from '../../src/archive/read.ts';
import { openSite, type Site } from './site.ts';

/** Resolves with the SQLSTATE by which the gateway ends a client that asks nothing. */
function farewell(client: Client): Promise<string> {
  return new Promise((resolve) => {
    client.once('error', (fault: Error & { code?: string }) => resolve(fault.code ?? fault.message));
  });
}

/** A client at work and two that are idle, one of them within a transaction. */
async function occupy(site: Site) {
  const token = await site.token('dana');
  const [busy, idle, inTransaction] = await Promise.all(
    ['busy', 'idle', 'open'].map((run) => site.connect(token, { application_name: `drain;run=${run}` })),
  );
  assert.ok(busy && idle && inTransaction);
  await inTransaction.query('begin');
  const told = [farewell(idle), farewell(inTransaction)];
  const answer = busy.query(`select pg_sleep(1), 'came all the same' as value`);
  const watch = await site.postgres.admin();
  const running = `select 1 from pg_stat_activity where state = 'active' and query like '%all the same%' and pid <> pg_backend_pid()`;
  while ((await watch.query(running)).rowCount === 0);
  await watch.end();
  return { busy, answer, told, token };
}

describe('SIGTERM', () => {
  for (const hurried of [false, true]) {
    const what = hurried ? 'a second one ends what is open now' : 'open sessions have their time, and then are told and ended';
    it(`drains: what runs is answered, who comes is refused; ${what}`, async () => {
      await using site = await openSite();
      await site.start();
      const { busy, answer, told, token } = await occupy(site);
      const exited = site.gateway.stop('SIGTERM');
      assert.ok(refusals.includes(await refusal(site, token)));
      assert.equal((await answer).rows[0].value, 'came all the same');
      await busy.end();
      if (hurried) site.gateway.process.kill('SIGTERM');
      assert.deepEqual(await Promise.all(told), ['57P01', '57P01']);
      assert.deepEqual(await exited, { code: 0, signal: null });
      assert.equal(unarchived(site.state), 0, 'the journal is archived whole');
      await site.start();
      const sessions = await site.sessionsOnce((items) => items.length >= 3);
      const runs = sessions.map(({ run, status }) => `${run} ${status}`);
      for (const run of ['busy', 'idle', 'open']) assert.ok(runs.includes(`${run} ended`), runs.join());
      const reason = sessions.find(({ run }) => run === 'idle')?.reason ?? '';
      assert.match(reason, /shutting down/);
    });
  }
});

/** Told by the gateway, or by the system where nobody listens any more. */
const refusals = ['57P03', 'ECONNREFUSED', 'ECONNRESET'];

/** Connects until that is refused, for the signal takes a moment to arrive; resolves with the code of the refusal. */
async function refusal(site: Site, token: string): Promise<string> {
  for (;;) {
    try {
      const client = await site.connect(token);
      await client.end();
    } catch (fault) {
      return fault instanceof Error && 'code' in fault ? String(fault.code) : String(fault);
    }
  }
}
