import { policiesOf } from '../ground/armed.ts';
import { type Ground, environmentOf, rotated } from '../ground/ground.ts';
import { runProgram } from '../ground/program.ts';
import { openGate } from '../ground/gate.ts';
import { rulesLoadIn } from '../ground/rules-load.ts';
import type { GateRun, VerdictRun } from '../results.ts';
import { StatementReader } from '../../src/protocols/postgres/statement-reader.ts';
import { protocol } from '../../src/protocols/postgres/index.ts';
import { snapshotOf, snapshotQuery, type SnapshotRow } from '../../src/sql/snapshot-query.ts';
import { effectivePath } from '../../src/sql/setting.ts';
import { createPolicy } from '../../src/stages/policy/judge.ts';
import { setOf } from '../../src/stages/policy/sets.test-support.ts';
import { runPgbench, type Way } from './pgbench.ts';

/** Policies, and rules of masking, of a house that has many. */
const many = { policies: 1_000, maskRules: 200 } as const;
const clients = 16;

/** What judging costs: a statement alone in this process, and pgbench over a gateway with many rules beside one with few. */
export async function benchGate(ground: Ground): Promise<{ readonly verdicts: VerdictRun[]; readonly rates: GateRun[] }> {
  const { options, signal, say, target, issuer } = ground;
  const { port, database, user, password } = target;
  const direct: Way = { name: 'direct', port, database, user, password, pid: null, gate: null };
  await runProgram('pgbench', ['-i', '-q', '-s', String(options.scale)], { env: environmentOf(direct), signal });
  const verdicts: VerdictRun[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const loadSeconds = await rulesLoadIn(many);
    verdicts.push({ round, loadSeconds, ...(await judged(ground)) });
  }
  for (const { cachedMicros, uncachedMicros, loadSeconds } of verdicts)
    say(
      `gate: a verdict takes ${cachedMicros.toFixed(2)} µs where the text is known, ${uncachedMicros.toFixed(0)} µs where it is not; loading ${loadSeconds.toFixed(2)} s`,
    );
  await using stack = new AsyncDisposableStack();
  const token = await ground.token();
  const ways: { readonly armed: boolean; readonly way: Way }[] = [];
  for (const armed of [false, true]) {
    const gate = stack.use(await openGate(target, issuer, armed ? { armed: many } : {}));
    ways.push({ armed, way: { name: 'write', port: gate.port, database: 'write', user: 'agent', password: token, pid: gate.pid, gate } });
  }
  const load = { clients, seconds: options.seconds };
  if (!options.quick) for (const { way } of ways) await runPgbench(ground, way, { mode: 'prepared', ...load });
  const rates: GateRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const mode of ['simple', 'prepared'] as const)
      for (const { armed, way } of rotated(ways, round)) {
        const { journal: _, ...figures } = await runPgbench(ground, way, { mode, ...load });
        rates.push({ round, mode, clients, armed, ...figures });
        say(`gate ${mode} × ${clients}, ${armed ? 'armed' : 'plain'}: ${figures.statementsPerSecond.toFixed(0)} statements/s`);
      }
  return { verdicts, rates };
}

/** By its column's name a text of a shape of its own: those that differ in literals alone are read once. */
const statement = (name: string) =>
  `select a.aid as "${name}", a.abalance, b.bbalance from pgbench_accounts a join pgbench_branches b on b.bid = a.bid where a.filler = '${name}' limit 10`;

/** Reading and judging in this process, with the target's own catalog. */
async function judged({ target, options }: Ground): Promise<Omit<VerdictRun, 'round' | 'loadSeconds'>> {
  const snapshot = snapshotOf(
    JSON.parse(
      await target.ask(`select json_agg(json_build_array(kind, schema, name, told))::text from (${snapshotQuery}) s`),
    ) as SnapshotRow[],
  );
  const policy = createPolicy(setOf(policiesOf(many.policies), [protocol]));
  const reader = new StatementReader();
  const setting = {
    searchPath: effectivePath('public', 'bench'),
    standardConformingStrings: true,
    temporary: new Set<string>(),
    prepared: () => null,
    cursor: () => null,
  };
  const principal = {
    subject: 'bench',
    issuer: 'https://bench.test',
    email: null,
    groups: ['engineering'],
    agent: 'bench',
    actors: ['bench'],
    token: { issuer: 'https://bench.test', subject: 'bench', jti: null, sha256: '00', expiresAt: 0 },
  };
  const circumstance = { principal, connection: 'write', run: null };
  const lens = { snapshot, setting, key: 'bench' };
  const once = async (text: string) => {
    const { statements } = await reader.read(text, lens, { user: 'bench', searchPath: 'public' });
    for (const { action } of statements) policy.judge(circumstance, action);
  };
  const micros = async (count: number, text: (index: number) => string) => {
    const begun = performance.now();
    for (let index = 0; index < count; index += 1) await once(text(index));
    return ((performance.now() - begun) * 1000) / count;
  };
  const [warm, measured] = options.quick ? [200, 500] : [2_000, 10_000];
  await micros(warm, (index) => statement(`warm ${index}`));
  const uncachedMicros = await micros(measured, (index) => statement(`row ${index}`));
  await micros(warm, () => statement('same'));
  return { policies: many.policies, cachedMicros: await micros(measured * 10, () => statement('same')), uncachedMicros };
}
