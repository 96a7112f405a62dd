import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { openGate } from '../ground/gate.ts';
import { type Ground, rotated, type Variant } from '../ground/ground.ts';
import { cpuSeconds } from '../ground/process-figures.ts';
import { connectWire } from '../ground/wire-client.ts';
import type { MaskingRun } from '../results.ts';

/** What is done to all three text columns of the table: `sealed` redacts and keeps the originals, the detectors are those for addresses, cards and accounts. */
const treatments = ['nothing', 'redact', 'sealed', 'partial', 'pseudonym', 'detectors'] as const;
type Treatment = (typeof treatments)[number];

/** A large result of three text columns, every value different, with all of them masked and with none. */
export async function benchMasking(ground: Ground): Promise<MaskingRun[]> {
  const { options, target, issuer, say } = ground;
  await using stack = new AsyncDisposableStack();
  for (const treatment of treatments) await fill(ground, treatment);
  const token = await ground.token();
  const ways: { readonly treatment: Treatment; readonly way: Variant }[] = [];
  for (const treatment of treatments) {
    const gate = stack.use(await openGate(target, issuer, { masking: await rulesFor(treatment) }));
    ways.push({
      treatment,
      way: { name: 'write', port: gate.port, database: 'write', user: 'agent', password: token, pid: gate.pid, gate },
    });
  }
  for (const { treatment, way } of ways) await read(ground, way, treatment, 1_000);
  const runs: MaskingRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const { treatment, way } of rotated(ways, round)) {
      const run = { round, treatment, ...(await read(ground, way, treatment, options.maskedRows)) };
      runs.push(run);
      const micros = (run.cpuSeconds * 1_000_000) / run.rows;
      say(
        `masking: ${treatment.padEnd(9)} ${(run.rows / run.seconds / 1000).toFixed(0)} k rows/s, ${micros.toFixed(1)} µs of processor a row`,
      );
    }
  return runs;
}

async function fill({ target, options }: Ground, treatment: Treatment): Promise<void> {
  const table = `masked_${treatment}`;
  await target.run(
    `drop table if exists ${table}`,
    `create unlogged table ${table} as select n as id, 'given.family.' || n || '@mail.example' as email, 'Given Family the ' || n as name,
       'a note of fifty characters that tells nothing, ' || n as note from generate_series(1, ${options.maskedRows}) n`,
    `grant select on ${table} to shop_app`,
    `analyze ${table}`,
  );
}

async function rulesFor(treatment: Treatment): Promise<object | null> {
  if (treatment === 'nothing') return null;
  if (treatment === 'detectors') return { detectors: [{ detect: ['email', 'card', 'iban'], action: 'redact' }] };
  const columns = ['email', 'name', 'note'];
  const isSealed = treatment === 'sealed';
  const action = isSealed ? 'redact' : treatment;
  const rules = columns.map((column) => ({ column: `write:public.masked_${treatment}.${column}`, action }));
  return { columns: rules, ...(isSealed && { originals: { recipients: [await identityToRecipient(await generateX25519Identity())] } }) };
}

type Figures = Omit<MaskingRun, 'round' | 'treatment'>;

async function read({ signal }: Ground, way: Variant, treatment: Treatment, rows: number): Promise<Figures> {
  using client = await connectWire(way, signal);
  const pid = way.pid ?? 0;
  const cpuBefore = cpuSeconds(pid);
  const begun = performance.now();
  const tag = await client.query(`select email, name, note from masked_${treatment} limit ${rows}`);
  const seconds = (performance.now() - begun) / 1000;
  if (tag !== `SELECT ${rows}`) throw new Error(`the masked result ended with ${tag}`);
  // With what was archived meanwhile, and the rest of it.
  await way.gate?.settled(signal);
  return { rows, seconds, cpuSeconds: cpuSeconds(pid) - cpuBefore };
}
