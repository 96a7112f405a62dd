import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SessionItem } from '../../src/archive/items.ts';
import type { RecordingLine } from '../../src/archive/decoded.ts';
import type { Receipt } from '../../src/api/contract.ts';
import { readEvents } from '../rig/events.ts';
import { eventually } from './demonstration.ts';
import { type House, linesOf, openHouse, type Person } from './house.ts';

describe('a session that is watched', { timeout: 120_000 }, () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house[Symbol.asyncDispose]());

  const request = (person: Person, route: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${house.tokens[person]}`);
    return fetch(`${house.gateway.console}/api/v1${route}`, { ...init, headers });
  };
  const post = (person: Person, route: string, body: object) =>
    request(person, route, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const active = async (run: string): Promise<SessionItem> => {
    let found: SessionItem | undefined;
    await eventually(async () => {
      [found] = await house.sessions('auditor', `run=${run}&status=active`);
      return found !== undefined;
    });
    return found ?? assert.fail(`no session of ${run} is open`);
  };
  const watch = async (id: string, query = '', headers: Record<string, string> = {}) => {
    const stop = new AbortController();
    const response = await request('auditor', `/sessions/${id}/live${query}`, { headers, signal: stop.signal });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const { seen, ended } = readEvents(response);
    // The API's own types hold what an entry is.
    const entries = () => seen.filter(({ event }) => event === 'entry').map(({ data }) => data as RecordingLine);
    return { seen, entries, ended, stop: () => stop.abort() };
  };
  const textIn = (lines: readonly RecordingLine[]) => JSON.stringify(lines);

  it('shows what was, then what happens, and ends with it; the entries are those of the recording', async () => {
    const client = await house.connect('watched');
    await client.query(`select 'before' as word`);
    const session = await active('watched');
    const watcher = await watch(session.id);
    assert.ok(await eventually(() => textIn(watcher.entries()).includes('before')));
    await client.query(`select 'while' as word`);
    assert.ok(await eventually(() => textIn(watcher.entries()).includes('while')));
    assert.equal(watcher.seen[0]?.event, 'session');
    await client.end();
    await watcher.ended;
    const last = watcher.seen.at(-1);
    assert.equal(last?.event, 'end');
    assert.equal((last?.data as SessionItem | undefined)?.status, 'ended');
    const recording = linesOf(await house.read('auditor', `/api/v1/sessions/${session.id}/recording`));
    assert.deepEqual(watcher.entries(), recording);
    assert.deepEqual(
      watcher.seen.filter(({ id }) => id !== null).map(({ id }) => Number(id)),
      recording.map(({ sequence }) => sequence),
    );
  });

  it('goes on for a watcher that comes back where it left, decoded as if it had stayed', async () => {
    const client = await house.connect('resumed');
    await client.query({ name: 'one', text: 'select $1::int as number', values: [1] });
    const session = await active('resumed');
    const first = await watch(session.id);
    assert.ok(await eventually(() => first.entries().length > 5));
    first.stop();
    const last = first.seen.findLast(({ id }) => id !== null)?.id ?? '';
    await client.query({ name: 'one', text: 'select $1::int as number', values: [4711] });
    const second = await watch(session.id, '', { 'last-event-id': last });
    assert.ok(await eventually(() => textIn(second.entries()).includes('"rows":[["4711"]]')), textIn(second.entries()));
    assert.equal(second.entries()[0]?.sequence, Number(last) + 1);
    const third = await watch(session.id, `?from=${Number(last) + 2}`);
    assert.ok(await eventually(() => third.entries()[0]?.sequence === Number(last) + 2));
    await client.end();
    await Promise.all([second.ended, third.ended]);
  });

  it('from its end on says nothing of what was, and all that comes, also to a watcher that comes back before anything came', async () => {
    const client = await house.connect('ended-on');
    await client.query(`select 'old' as word`);
    const session = await active('ended-on');
    const first = await watch(session.id, '?from=end');
    assert.ok(await eventually(() => first.seen.length > 0));
    first.stop();
    const begun = first.seen[0]?.id ?? assert.fail('it is not said where it begins');
    await client.query(`select 'new' as word`);
    const second = await watch(session.id, '?from=end', { 'last-event-id': begun });
    await client.end();
    await second.ended;
    assert.match(textIn(second.entries()), /new/);
    const recording = linesOf(await house.read('auditor', `/api/v1/sessions/${session.id}/recording?from=${Number(begun) + 1}`));
    assert.deepEqual(second.entries(), recording);
    assert.deepEqual((await request('auditor', `/sessions/${session.id}/live?from=start`)).status, 400);
  });

  it('can be read in parts, decoded as the whole is', async () => {
    const [session] = await house.over('resumed');
    const read = async (query: string) => linesOf(await house.read('auditor', `/api/v1/sessions/${session?.id}/recording${query}`));
    const whole = await read('');
    const last = Math.max(...whole.map(({ exchange }) => exchange));
    assert.ok(last >= 2);
    for (let exchange = 1; exchange <= last; exchange += 1)
      assert.deepEqual(
        await read(`?exchange=${exchange}`),
        whole.filter((line) => line.exchange === exchange),
      );
    assert.match(textIn(await read(`?exchange=${last}`)), /4711/, 'by a statement that an earlier exchange has prepared');
    assert.deepEqual(await read('?from=5&limit=3'), whole.slice(5, 8));
    assert.deepEqual(await read(`?from=${whole.length - 2}`), whole.slice(-2));
  });

  it('of a session that is over there is all of it, and the end', async () => {
    const [session] = await house.over('watched');
    const watcher = await watch(session?.id ?? '');
    await watcher.ended;
    assert.equal(watcher.entries().at(-1)?.kind, 'end');
    assert.equal(watcher.seen.at(-1)?.event, 'end');
  });

  it('a restart of the gateway ends it, and the watcher comes back to the rest', async () => {
    const client = await house.connect('restarted', {}, () => {});
    await client.query(`select 'kept' as word`);
    const session = await active('restarted');
    const before = await watch(session.id);
    assert.ok(await eventually(() => textIn(before.entries()).includes('kept')));
    await house.restart('SIGKILL');
    await before.ended.catch(() => {});
    const last = before.seen.findLast(({ id }) => id !== null)?.id ?? '';
    const rest = await watch(session.id, '', { 'last-event-id': last });
    await rest.ended;
    assert.equal((rest.seen.at(-1)?.data as SessionItem | undefined)?.status, 'interrupted');
    assert.equal(rest.entries().at(-1)?.kind, 'end');
  });

  it('is ended by whose it is or an admin, with a receipt of what was under way', async () => {
    let told = '';
    const client = await house.connect('stopped', {}, (fault) => (told += fault.message));
    await client.query('select 1');
    const asleep = client.query('select pg_sleep(60)');
    const failed = assert.rejects(asleep);
    const session = await active('stopped');
    assert.ok(await eventually(async () => (await house.exchanges('auditor', `session=${session.id}&status=active`)).length === 1));
    for (const [person, status] of [
      ['auditor', 403],
      ['colleague', 404],
      ['stranger', 404],
    ] as const)
      assert.equal((await post(person, `/sessions/${session.id}/terminate`, { reason: 'no' })).status, status, person);
    const answer = await post('engineer', `/sessions/${session.id}/terminate`, { reason: 'it sleeps' });
    assert.equal(answer.status, 200, await answer.clone().text());
    const receipt = (await answer.json()) as Receipt;
    await failed;
    assert.match(told + String(await asleep.catch((fault: unknown) => fault)), /dana .*it sleeps/s);
    const [stopped] = await house.over('stopped');
    assert.equal(stopped?.status, 'ended');
    assert.equal(receipt.session.status, 'ended');
    assert.equal(receipt.endedAt, stopped?.endedAt);
    assert.ok(receipt.stoppedAt !== null && receipt.endedAt !== null && receipt.stoppedAt <= receipt.endedAt);
    const recording = linesOf(await house.read('auditor', `/api/v1/sessions/${session.id}/recording`));
    assert.equal(receipt.lastSequence, recording.at(-1)?.sequence);
    assert.deepEqual(
      receipt.inFlight?.map(({ text, reached }) => [text, reached]),
      [['select pg_sleep(60)', 'target']],
    );
    const again = (await (await post('engineer', `/sessions/${session.id}/terminate`, {})).json()) as Receipt;
    assert.deepEqual([again.stoppedAt, again.endedAt, again.inFlight], [null, stopped?.endedAt, []]);
  });

  it('is ended with its whole run', async () => {
    const clients = await Promise.all([1, 2].map(() => house.connect('whole', {}, () => {})));
    await Promise.all(clients.map((client) => client.query('select 1')));
    let run = '';
    assert.ok(
      await eventually(async () => {
        const { items } = JSON.parse(await house.read('engineer', '/api/v1/runs?name=whole')) as {
          items: { id: string; activeSessions: number }[];
        };
        run = items[0]?.id ?? '';
        return items[0]?.activeSessions === 2;
      }),
    );
    const { items } = (await (await post('engineer', `/runs/${run}/terminate`, { reason: 'enough' })).json()) as { items: Receipt[] };
    assert.deepEqual(
      items.map(({ session }) => session.status),
      ['ended', 'ended'],
    );
    assert.equal((await house.over('whole', 2)).length, 2);
  });

  it('who watches and who ends is on the trail', async () => {
    const events = async () =>
      JSON.parse(await house.read('auditor', '/api/v1/audit?limit=1000')) as {
        items: { event: string; detail: { session?: string; reason?: string } }[];
      };
    assert.ok(await eventually(async () => (await events()).items.filter(({ event }) => event === 'session.terminated').length === 3));
    const { items } = await events();
    assert.equal(items.findLast(({ event }) => event === 'session.terminated')?.detail.reason, 'it sleeps');
    assert.ok(items.filter(({ event }) => event === 'session.watched').length >= 6);
  });
});
