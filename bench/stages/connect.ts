import { setTimeout as pause } from 'node:timers/promises';
import type { Ground, Variant } from '../ground/ground.ts';
import { cpuSeconds } from '../ground/process-figures.ts';
import { connectWire } from '../ground/wire-client.ts';
import { quantile } from '../quantile.ts';
import type { ConnectRun } from '../results.ts';

const atOnce = 16;

/** New sessions with TLS, each with a token of its own: at a steady rate, and then as many as go. */
export async function benchConnect(ground: Ground): Promise<ConnectRun[]> {
  const { options, say } = ground;
  await using variants = await ground.variants({ tls: true });
  const variant = variants.all.find(({ name }) => name === 'write');
  if (variant === undefined) throw new Error('there is no gateway');
  const count = Math.round((options.connectionsPerMinute * options.connectSeconds) / 60);
  const tokens = await Promise.all(Array.from({ length: count }, (_, index) => ground.token({ jti: `bench-${index}` })));
  await flatOut(ground, variant, tokens.slice(0, 50));
  const steady = await steadily(ground, variant, tokens);
  const mostPerMinute = await flatOut(ground, variant, tokens);
  const run = { ...steady, mostPerMinute };
  say(lineOf(run));
  return [run];
}

async function steadily(
  { options, signal }: Ground,
  variant: Variant,
  tokens: readonly string[],
): Promise<Omit<ConnectRun, 'mostPerMinute'>> {
  const times: number[] = [];
  const errors: string[] = [];
  const cpuBefore = cpuSeconds(variant.pid ?? 0);
  const begun = performance.now();
  const interval = 60_000 / options.connectionsPerMinute;
  const openings = tokens.map(async (password, index) => {
    // From when it is due, not from when this process came to it: otherwise a gateway that stands still would look fast.
    const due = begun + index * interval;
    await pause(Math.max(0, due - performance.now()), null, { signal });
    try {
      using _ = await connectWire({ ...variant, password, tls: true }, signal);
      times.push((performance.now() - due) * 1000);
    } catch (fault) {
      errors.push(fault instanceof Error ? fault.message : String(fault));
    }
  });
  await Promise.all(openings);
  const seconds = (performance.now() - begun) / 1000;
  signal.throwIfAborted();
  await variant.gate?.settled(signal);
  return {
    connections: tokens.length,
    errors: errors.length,
    firstError: errors[0] ?? null,
    offeredPerMinute: options.connectionsPerMinute,
    achievedPerMinute: (times.length / seconds) * 60,
    p50Micros: quantile(times, 0.5),
    p99Micros: quantile(times, 0.99),
    cpuMicros: ((cpuSeconds(variant.pid ?? 0) - cpuBefore) * 1e6) / tokens.length,
  };
}

/** Connections a minute when the next one begins as soon as one is there. */
async function flatOut({ signal }: Ground, variant: Variant, tokens: readonly string[]): Promise<number> {
  const waiting = [...tokens];
  const begun = performance.now();
  const work = async () => {
    for (let password = waiting.pop(); password !== undefined; password = waiting.pop()) {
      using _ = await connectWire({ ...variant, password, tls: true }, signal);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (tokens.length / (performance.now() - begun)) * 60_000;
}

function lineOf({
  connections,
  errors,
  firstError,
  achievedPerMinute,
  p50Micros,
  p99Micros,
  mostPerMinute,
  cpuMicros,
}: ConnectRun): string {
  const inMs = (micros: number) => (micros / 1000).toFixed(1);
  const rate = `${connections} with TLS and token, ${achievedPerMinute.toFixed(0)} a minute, p50 ${inMs(p50Micros)} ms, p99 ${inMs(p99Micros)} ms`;
  const trouble = errors === 0 ? 'no errors' : `${errors} errors (${firstError})`;
  return `connect: ${rate}, ${inMs(cpuMicros)} ms CPU each, ${trouble}; at most ${mostPerMinute.toFixed(0)} a minute`;
}
