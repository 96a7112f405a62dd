import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { RecordingLine } from '../archive/decoded.ts';
import { openConsoleSessions } from './login/console-sessions.ts';
import { linesOf, memoryCatalog, people, sessionItem, startApi, type Trial } from './trial.test-support.ts';

const goesOn = sessionItem(people['ada'] ?? null, { status: 'active', endedAt: null });

/** The first lines of a session that then says nothing more. */
async function* silent(session: string): AsyncGenerator<RecordingLine | null> {
  yield* linesOf(session).slice(0, 1);
  for (;;) yield null;
}

describe('watching a session', () => {
  let trial: Trial;
  let now = Date.now();
  const sessions = openConsoleSessions(':memory:', () => now);
  before(async () => {
    trial = await startApi({ catalog: memoryCatalog([goesOn], []) }, { live: silent, sessions });
  });
  after(() => trial.close());

  const open = async (headers: Record<string, string>) => {
    const stop = new AbortController();
    const response = await trial.get(`/api/v1/sessions/${goesOn.id}/live`, null, { headers, signal: stop.signal });
    return { response, stop: () => stop.abort() };
  };
  const token = { authorization: 'Bearer ada' };

  it('ends when the watcher’s sign-in does', async () => {
    const { response } = await open({ cookie: trial.signedIn('ada').cookie });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? '';
    assert.match(text, /^event: session\ndata: \{/);
    now += 31 * 60_000;
    for (let more = await reader?.read(); more?.done === false; more = await reader?.read()) text += more.value;
    assert.match(text, /event: entry\nid: 0\n/);
    assert.match(text, /event: closed\ndata: [^\n]+\n\n$/);
  });

  it('is for a hundred at a time, and whoever leaves makes room', async () => {
    const watchers = await Promise.all(Array.from({ length: 100 }, () => open(token)));
    assert.ok(watchers.every(({ response }) => response.status === 200));
    assert.equal((await open(token)).response.status, 429);
    for (const { stop } of watchers) stop();
    let status = 0;
    for (let tries = 0; tries < 100 && status !== 200; tries += 1) {
      const next = await open(token);
      status = next.response.status;
      next.stop();
      await pause(20);
    }
    assert.equal(status, 200);
  });

  it('is on record before anything is seen', async () => {
    trial.auditFault = new Error('the disk is full');
    const { response } = await open(token);
    assert.equal(response.status, 503);
    await response.body?.cancel();
    trial.auditFault = null;
    assert.ok(trial.audits.every(({ event }) => event === 'session.watched'));
    assert.equal(trial.audits[0]?.detail['session'], goesOn.id);
  });
});
