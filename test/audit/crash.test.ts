import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExchangeItem, SessionItem } from '../../src/archive/items.ts';
import { unarchived } from '../../src/archive/read.ts';
import { Random } from '../rig/random.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { type Account, startLoad } from './load.ts';
import { assertWhole, type Crossed, recorded, type Witness, witnesses } from './record-whole.ts';
import { openSite, type Site } from './site.ts';

/** `npm run audit` asks for more. */
const rounds = Number(process.env['CHAPERONE_AUDIT_ROUNDS'] ?? 10);
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** The taps keep all they saw: after so many rounds there are new ones, with a new state. */
const roundsOfOneState = 10;
const clients = 5;
/** A connection of each, by the same name. */
const durabilities = ['write', 'fsync'] as const;

/** A site whose gateway stands between two taps. */
async function openTapped(stack: AsyncDisposableStack) {
  let behind: Tap | null = null;
  const site = stack.use(
    await openSite({
      connections: async (postgres) => {
        behind = stack.use(await startTap(postgres.port));
        return durabilities.map((durability) => ({ name: durability, targetPort: behind?.port ?? 0, durability }));
      },
    }),
  );
  const before = stack.use(await startTap(site.postgresPort));
  assert.ok(behind !== null);
  return { site, before, behind: behind as Tap };
}
type Tapped = Awaited<ReturnType<typeof openTapped>>;

describe(`killed ${rounds} times under load (seed ${seed})`, () => {
  for (let from = 0; from < rounds; from += roundsOfOneState) {
    const to = Math.min(from + roundsOfOneState, rounds);
    it(`rounds ${from + 1} to ${to}: all that crossed is on record, what was cut is marked, and nothing else is lost`, async (t) => {
      await using stack = new AsyncDisposableStack();
      const tapped = await openTapped(stack);
      const random = new Random(seed + from);
      const known = new Map<string, Known>();
      const seen = { ended: 0, interrupted: 0, answers: 0, bytes: 0 };
      await tapped.site.start();
      for (let round = from + 1; round <= to; round += 1) await oneRound(tapped, { round, random, known, seen });
      t.diagnostic(JSON.stringify(seen));
      assert.ok(seen.ended > 0 && seen.interrupted > 0 && seen.answers > 0, 'the kills came while sessions ran and after others');
      for (const [id, { exchanges }] of known) assert.deepEqual(await exchangesOf(tapped.site, id), exchanges, 'so are their exchanges');
      assert.equal(await stopped(tapped.site), 0);
      assert.equal(unarchived(tapped.site.state), 0, 'the journal is archived whole');
      await assertRebuilt(tapped.site);
    });
  }
});

/** What is looked for in each round, and what the rounds have found so far. */
interface Campaign {
  readonly round: number;
  readonly random: Random;
  readonly known: Map<string, Known>;
  readonly seen: { ended: number; interrupted: number; answers: number; bytes: number };
}

/** A session and its exchanges, as the API said them once the session had ended. */
interface Known {
  readonly session: SessionItem;
  readonly exchanges: readonly ExchangeItem[];
}

async function oneRound(tapped: Tapped, campaign: Campaign): Promise<void> {
  const { site, before, behind } = tapped;
  const { round, random, known, seen } = campaign;
  const token = await site.token('dana');
  const name = `round${round}`;
  const connect = (application_name: string) =>
    site.connect(token, { port: before.port, database: random.pick(durabilities), application_name });
  // Only now: in ten seconds the gateway would ask its targets again, on the record of a session that is compared.
  await site.acquaint(durabilities);
  const load = startLoad({ clients, name, random, connect });
  await pause(50 + random.below(700));
  const endedBefore = (await sessionsOf(site)).filter(({ status }) => status === 'ended');
  await site.gateway.kill();
  await load.stop();
  const all = await settled(() => witnesses(before.lines(), behind.lines()));
  const crossed = [...all.values()].filter(
    ({ run, client, target }) => run.startsWith(`${name}-`) && client.reply.length + target.request.length > 0,
  );
  await site.start();
  const sessions = await site.sessionsOnce((items) => items.every(({ status }) => status !== 'active') && holdsAll(items, crossed));
  for (const session of endedBefore)
    assert.deepEqual(
      sessions.find(({ id }) => id === session.id),
      session,
      'what had ended is as it was',
    );
  assertKept(sessions, known);
  for (const witness of crossed) {
    const session = sessions.find(({ run }) => run === witness.run);
    assert.ok(session, `${witness.run} is on record`);
    const record = await recorded(site.state, session.id);
    assertWhole(witness, record);
    assertWouldBeSeen(witness, record);
    if (!load.account.left.has(witness.run)) assert.equal(session.status, 'interrupted', `${witness.run} was cut`);
    const exchanges = await exchangesOf(site, session.id);
    assertAccounted(load.account, session, exchanges);
    known.set(session.id, { session, exchanges });
    assert.ok(session.status === 'ended' || session.status === 'interrupted');
    seen[session.status] += 1;
    seen.bytes += witness.client.reply.length + witness.target.request.length;
  }
  seen.answers += load.account.completed.length;
}

/** The comparison itself: a record that lacks one byte of what crossed is found out. */
function assertWouldBeSeen(witness: Witness, record: Crossed): void {
  for (const [direction, crossed] of [
    ['request', witness.target.request],
    ['reply', witness.client.reply],
  ] as const) {
    if (crossed.length === 0) continue;
    const lacking = { ...record, [direction]: record[direction].subarray(0, crossed.length - 1) };
    assert.throws(() => assertWhole(witness, lacking), assert.AssertionError);
  }
}

function holdsAll(sessions: readonly SessionItem[], crossed: readonly Witness[]): boolean {
  const runs = new Set(sessions.map(({ run }) => run));
  return crossed.every(({ run }) => runs.has(run));
}

/** Every statement that a client has the answer of is an exchange with that outcome. */
function assertAccounted(account: Account, session: SessionItem, exchanges: readonly ExchangeItem[]): void {
  for (const { run, marker, rows, failed } of account.completed) {
    if (run !== session.run) continue;
    const exchange = exchanges.find(({ text, parameters }) => text.includes(marker) || parameters?.includes(marker));
    assert.ok(exchange, `${marker} is an exchange`);
    assert.equal(exchange.verdict, 'permitted');
    assert.equal(exchange.status, failed ? 'error' : 'ok', `${marker} of a session that was ${session.status}`);
    if (!failed) assert.equal(exchange.rows, rows, marker);
  }
  assert.deepEqual(
    exchanges.map(({ ordinal }) => ordinal),
    exchanges.map((_, index) => index + 1),
  );
  assert.equal(session.exchanges, exchanges.length);
  assert.equal(session.recording, 'complete');
}

function assertKept(sessions: readonly SessionItem[], known: ReadonlyMap<string, Known>): void {
  for (const [id, { session }] of known) {
    assert.deepEqual(
      sessions.find((item) => item.id === id),
      session,
      'sessions of earlier rounds are as they were',
    );
  }
}

/** The exit code of a gateway that was told to stop. */
async function stopped(site: Site): Promise<number | null> {
  const { code } = await site.gateway.stop();
  return code;
}

/** The catalog is made again from the recordings, and the API cannot tell the difference. */
async function assertRebuilt(site: Site): Promise<void> {
  await site.start();
  const before = await listsOf(site);
  assert.ok(before.sessions.length > 0 && before.exchanges.length > 0 && before.audit.length > 0);
  assert.equal(await stopped(site), 0);
  for (const file of ['catalog.db', 'catalog.db-wal', 'catalog.db-shm']) await rm(join(site.state, file), { force: true });
  await site.start();
  const after = await listsOf(site);
  assert.deepEqual(after.sessions, before.sessions);
  assert.deepEqual(after.exchanges, before.exchanges);
  const then = new Set(before.audit.map(({ id }) => id));
  assert.deepEqual(
    after.audit.filter(({ id }) => then.has(id)),
    before.audit,
    'the trail has gone on and lost nothing',
  );
}

async function listsOf(site: Site) {
  const token = await site.token('audrey');
  const [sessions, exchanges] = [await sessionsOf(site), await site.all('/api/v1/exchanges', token)];
  return { sessions, exchanges, audit: await site.all('/api/v1/audit', token) };
}

async function sessionsOf(site: Site): Promise<SessionItem[]> {
  return site.all('/api/v1/sessions', await site.token('audrey'));
}
async function exchangesOf(site: Site, session: string): Promise<ExchangeItem[]> {
  return site.all(`/api/v1/sessions/${session}/exchanges`, await site.token('audrey'));
}

/** What the taps saw, once nothing more comes. */
async function settled(look: () => Map<string, Witness>): Promise<Map<string, Witness>> {
  const sizeOf = (seen: Map<string, Witness>) =>
    [...seen.values()].reduce((sum, { client, target }) => sum + client.reply.length + target.request.length + target.reply.length, 0);
  for (let last = -1; ; ) {
    const seen = look();
    const size = sizeOf(seen);
    if (size === last) return seen;
    last = size;
    await pause(30);
  }
}
