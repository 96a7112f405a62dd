import { setTimeout as pause } from 'node:timers/promises';
import type { Ground, Variant } from '../ground/ground.ts';
import { openFilesAllowed, residentBytes } from '../ground/process-figures.ts';
import { connectWire, type WireClient } from '../ground/wire-client.ts';
import type { IdleRun } from '../results.ts';

/** A session is two sockets of the process in between; what else it has open is well below this. */
const otherFiles = 300;
const atOnce = 16;

/** Sessions that have asked one thing and now wait: what each holds in the process in between. */
export async function benchIdle(ground: Ground): Promise<IdleRun[]> {
  const wanted = ground.options.idleSessions;
  const sessions = Math.min(wanted, Math.floor((openFilesAllowed() - otherFiles) / 2));
  if (sessions < wanted)
    ground.say(`idle: only ${sessions} sessions, for lack of open files; \`ulimit -n ${2 * wanted + otherFiles}\` allows ${wanted}.`);
  const runs: IdleRun[] = [];
  await using variants = await ground.variants({ probe: true });
  for (const variant of variants.all.filter(({ name }) => name === 'write' || name === 'pgbouncer')) {
    const run = await measured(ground, variant, sessions);
    runs.push(run);
    ground.say(lineOf(run));
  }
  return runs;
}

async function measured(ground: Ground, variant: Variant, sessions: number): Promise<IdleRun> {
  const open: WireClient[] = [];
  try {
    // The first sessions pay for what all share: compiled code, buffers, the token's issuer.
    await openSessions(ground, variant, open, Math.ceil(sessions / 20));
    const before = await standOf(ground, variant);
    await openSessions(ground, variant, open, sessions);
    const after = await standOf(ground, variant);
    const each = (late: number, early: number) => (late - early) / sessions;
    const collected = before.memory &&
      after.memory && {
        residentBytes: each(after.memory.rss, before.memory.rss),
        mainHeapBytes: each(after.memory.mainHeap, before.memory.mainHeap),
        otherHeapsBytes: each(after.memory.otherHeaps, before.memory.otherHeaps),
        externalBytes: each(after.memory.external, before.memory.external),
      };
    return { variant: variant.name, sessions, residentBytes: each(after.resident, before.resident), collected };
  } finally {
    for (const client of open) client[Symbol.dispose]();
  }
}

async function openSessions({ signal }: Ground, variant: Variant, open: WireClient[], count: number): Promise<void> {
  let left = count;
  const work = async () => {
    for (; left > 0; ) {
      left -= 1;
      const client = await connectWire(variant, signal);
      open.push(client);
      await client.query('select 1');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Resident as it stands first, then after a collection. */
async function standOf({ signal }: Ground, { pid, gate }: Variant) {
  await gate?.settled(signal);
  await pause(1000, null, { signal });
  const resident = residentBytes(pid ?? 0);
  return { resident, memory: gate === null ? null : await gate.memory() };
}

function lineOf({ variant, sessions, residentBytes: resident, collected }: IdleRun): string {
  const inKilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;
  const more =
    collected &&
    `; after a collection ${inKilobytes(collected.residentBytes)}, of which main heap ${inKilobytes(collected.mainHeapBytes)}, other heaps ${inKilobytes(collected.otherHeapsBytes)}`;
  return `idle, ${variant.padEnd(9)} ${sessions} sessions, ${inKilobytes(resident)} resident each${more ?? ''}`;
}
