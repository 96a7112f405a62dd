import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { Random } from '../rig/random.ts';
import { openSite, type Site } from './site.ts';

/** `npm run audit -- soak --minutes N`; without, a quarter of a minute, which is too short to say what is flat. */
const minutes = Number(process.env['CHAPERONE_AUDIT_MINUTES'] ?? 0.25);
const isLong = process.env['CHAPERONE_AUDIT_MINUTES'] !== undefined;
const seed = Number(process.env['CHAPERONE_AUDIT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const skip = process.platform === 'linux' ? false : 'reads /proc';
const hasPgbench = spawnSync('pgbench', ['--version']).status === 0;
const workers = 6;

/** What a gateway takes at one moment. */
interface Sample {
  readonly residentMiB: number;
  readonly heapMiB: number;
  readonly handles: number;
  readonly loopDelayMs: number;
  readonly latencyMs: number;
}
/** How much more the last third of a long soak may take than the second one: by share, and in the measure's own unit. */
const mostGrowth: { readonly [measure in keyof Sample]: readonly [share: number, more: number] } = {
  residentMiB: [0.1, 20],
  heapMiB: [0.1, 15],
  handles: [0.1, 10],
  loopDelayMs: [0.5, 10],
  latencyMs: [0.5, 10],
};

test(`mixed load for ${minutes} minutes (seed ${seed}): nothing grows`, { skip }, async (t) => {
  await using site = await openSite();
  await site.start();
  await furnish(site);
  const stopped = new AbortController();
  const counts = { statements: 0, sessions: 0, broken: 0, cancelled: 0, heard: 0 };
  const random = new Random(seed);
  const load = Array.from({ length: workers }, () => work(site, random, stopped.signal, counts));
  const bench = hasPgbench ? runBench(site, stopped.signal) : Promise.resolve();
  const samples: Sample[] = [];
  const everyMs = isLong ? 5_000 : 500;
  for (const until = Date.now() + minutes * 60_000; Date.now() < until; await pause(everyMs)) {
    samples.push(await sampleOf(site));
    if (isLong && samples.length % 12 === 0) console.log(`soak: ${JSON.stringify(samples.at(-1))} ${JSON.stringify(counts)}`);
  }
  stopped.abort();
  await Promise.all([...load, bench]);
  t.diagnostic(JSON.stringify({ ...counts, first: samples[2], last: samples.at(-1) }));
  assert.ok(counts.statements > 50 && counts.broken > 0 && counts.heard > 0);
  await untilIdle(site);
  if (isLong) assertFlat(samples);
  assert.deepEqual(await site.gateway.stop(), { code: 0, signal: null });
  assert.doesNotMatch(site.gateway.stderr(), /"level":"?(error|50|60)/);
});

async function furnish(site: Site): Promise<void> {
  const { postgres } = site;
  await postgres.run('create table copied (n int, words text)', 'grant all on copied to shop_app');
  if (!hasPgbench) return;
  const where = ['-h', '127.0.0.1', '-p', String(postgres.port), '-U', postgres.user, postgres.database];
  const made = spawnSync('pgbench', ['-i', '-q', ...where], { env: { ...process.env, PGPASSWORD: postgres.password }, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
}

/** pgbench again and again, in the three ways it has of asking. */
async function runBench(site: Site, stopped: AbortSignal): Promise<void> {
  for (let count = 0; !stopped.aborted; count += 1) {
    const mode = ['simple', 'extended', 'prepared'][count % 3] ?? 'simple';
    const where = ['-h', '127.0.0.1', '-p', String(site.postgresPort), '-U', 'bench', 'orders'];
    const env = { ...process.env, PGPASSWORD: await site.token('eve'), PGSSLMODE: 'disable' };
    const child = spawn('pgbench', ['-n', '-S', '-c', '2', '-T', '5', '-R', '400', '-M', mode, ...where], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, said);
  }
}

type Counts = { statements: number; sessions: number; broken: number; cancelled: number; heard: number };

async function work(site: Site, random: Random, stopped: AbortSignal, counts: Counts): Promise<void> {
  while (!stopped.aborted) {
    const client = await site.connect(await site.token('dana'), { application_name: `soak;run=soak-${counts.sessions}` });
    counts.sessions += 1;
    client.on('notification', () => (counts.heard += 1));
    for (let left = 1 + random.below(30); left > 0 && !stopped.aborted; left -= 1) {
      await oneAct(client, random, counts);
      counts.statements += 1;
      await pause(random.below(20));
    }
    if (random.below(3) > 0) await client.end();
    else {
      counts.broken += 1;
      const asked = client.query('select pg_sleep(0.2)').catch(() => {});
      streamOf(client).destroy();
      await asked;
    }
  }
}

async function oneAct(client: Client, random: Random, counts: Counts): Promise<void> {
  switch (random.below(7)) {
    case 0:
      return void (await client.query('select * from items limit 200'));
    case 1:
      return void (await client.query({ name: 'named', text: 'select $1::text, repeat($1, 500)', values: ['x'] }));
    case 2:
      return void (await client.query('listen soak; notify soak'));
    case 3:
      return void (await client.query('select 1/0').catch(() => {}));
    case 4:
      return void (await client.query("insert into copied select n, repeat('w', 50) from generate_series(1, 50) n; delete from copied"));
    case 5:
      return void (await client.query('begin; select count(*) from items; rollback'));
    default:
      return cancelled(client, counts);
  }
}

/**
 * Asks for a long sleep and takes it back, by the key that the gateway gave; again where the first cancel came before the server had
 * begun: to one that is idle it means nothing.
 */
async function cancelled(client: Client, counts: Counts): Promise<void> {
  const asked = client.query('select pg_sleep(30)').then(
    () => assert.fail('it was not cancelled'),
    (fault: Error & { code?: string }) => assert.equal(fault.code, '57014', fault.message),
  );
  asked.catch(() => {});
  await pause(50);
  do sendCancel(client);
  while (await Promise.race([asked.then(() => false), pause(1000, true)]));
  counts.cancelled += 1;
}

function sendCancel(client: Client): void {
  const { processID, secretKey, host, port } = client as unknown as { processID: number; secretKey: number; host: string; port: number };
  const socket = connect(port, host);
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  socket.end(request);
  socket.on('error', () => {});
}

function streamOf(client: Client): { destroy(): void } {
  // What `pg` has no public way to: a client that is gone without a word.
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}

async function sampleOf(site: Site): Promise<Sample> {
  const { pid } = site.gateway.process;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const metrics = await (await site.fetch('/metrics', null)).text();
  const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0);
  const client = await site.connect(await site.token('dana'));
  const began = performance.now();
  for (let count = 0; count < 5; count += 1) await client.query('select 1');
  const latencyMs = (performance.now() - began) / 5;
  await client.end();
  return {
    residentMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024),
    heapMiB: Math.round(metric('nodejs_heap_size_used_bytes') / 2 ** 20),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    loopDelayMs: Math.round(metric('nodejs_eventloop_lag_p99_seconds') * 1000),
    latencyMs: Math.round(latencyMs * 100) / 100,
  };
}

/** The median of the last third against that of the second: the first is for warming up. */
function assertFlat(samples: readonly Sample[]): void {
  const third = Math.floor(samples.length / 3);
  for (const measure of Object.keys(mostGrowth) as (keyof Sample)[]) {
    const median = (part: readonly Sample[]) => part.map((sample) => sample[measure]).toSorted((a, b) => a - b)[part.length >> 1] ?? 0;
    const [before, after] = [median(samples.slice(third, 2 * third)), median(samples.slice(2 * third))];
    const [share, more] = mostGrowth[measure];
    assert.ok(after <= before * (1 + share) + more, `${measure} went from ${before} to ${after}`);
  }
}

/** All sessions are over, and the archive has taken them. */
async function untilIdle(site: Site): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; await pause(100)) {
    const metrics = await (await site.fetch('/metrics', null)).text();
    if (/^chaperone_sessions_active 0$/m.test(metrics)) return;
    assert.ok(Date.now() < deadline, 'sessions are open though every client has left');
  }
}
