import type { Place } from '../wire/dial.ts';
import type { ConfigurationProblem } from '../gateway/configuration/index.ts';
import { problemText } from './check.ts';

/** A gateway that serves. */
export interface RunningGateway {
  /** The console listener's URL; null where there is none. */
  readonly console: string | null;
  readonly sockets: ReadonlyMap<string, Place>;
  /** Drains: no new sessions, `graceMs` for open ones to end by themselves. A second call can only shorten that. */
  stop(graceMs: number): Promise<void>;
  /** Resolves once it has stopped. */
  readonly stopped: Promise<void>;
}

export type Serve = (configuration: string) => Promise<RunningGateway | readonly ConfigurationProblem[]>;

/** How long open sessions may go on after the gateway was told to stop. */
const graceMs = 10_000;

/** A terminal and npm each hand on the same interrupt; what comes this soon after the first is no second wish. */
const echoMs = 500;

/** Runs the gateway until it is told to stop: the first signal drains it, a second one does not wait. Returns the exit code. */
export async function runServe(serve: Serve, configuration: string, json: boolean): Promise<number> {
  const signals = listenForStop();
  try {
    const gateway = await serve(configuration);
    if (isProblems(gateway)) {
      process.stderr.write(json ? `${JSON.stringify({ problems: gateway })}\n` : `${problemText(gateway)}\n`);
      return 2;
    }
    process.stdout.write(readyText(gateway, json));
    await signals.first;
    if (!json) process.stdout.write('Chaperone is stopping; open sessions have 10 seconds. Signal again to end them now.\n');
    await Promise.all([gateway.stop(graceMs), Promise.race([signals.second, gateway.stopped]).then(() => gateway.stop(0))]);
    return 0;
  } finally {
    signals.release();
  }
}

function readyText(gateway: RunningGateway, json: boolean): string {
  const sockets = [...gateway.sockets].map(([name, { host, port }]) => ({ name, host, port }));
  if (json) return `${JSON.stringify({ ready: true, console: gateway.console, sockets })}\n`;
  const listening = sockets.map(({ name, host, port }) => `${name} on ${host.includes(':') ? `[${host}]` : host}:${port}`);
  return `Chaperone is ready: ${[...(gateway.console ? [`console on ${gateway.console}`] : []), ...listening].join(', ')}.\n`;
}

function isProblems(value: RunningGateway | readonly ConfigurationProblem[]): value is readonly ConfigurationProblem[] {
  return Array.isArray(value);
}

export interface StopSignals {
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly first: Promise<void>;
  /** Resolves at one that comes later and was meant. */
  readonly second: Promise<void>;
  /** Gives the signals back their own meaning: to end the process. */
  release(): void;
}

/** Listens for the signals that stop a gateway; until `release` none of them ends the process by itself. */
export function listenForStop(): StopSignals {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let firstAt: number | null = null;
  const heard = () => {
    const now = performance.now();
    firstAt ??= now;
    first.resolve();
    if (now - firstAt > echoMs) second.resolve();
  };
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const signal of signals) process.on(signal, heard);
  return { first: first.promise, second: second.promise, release: () => signals.forEach((signal) => process.off(signal, heard)) };
}
