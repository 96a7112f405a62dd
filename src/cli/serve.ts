import type { Place } from '../wire/dial.ts';
import type { ConfigurationProblem } from '../gateway/configuration/index.ts';
import { problemText } from './check.ts';

/** A gateway that serves. */
export interface RunningGateway {
  /** The console listener's URL; null where there is none. */
  readonly console: string | null;
  readonly sockets: ReadonlyMap<string, Place>;
  /** Drains: no new sessions, `graceMs` for open ones to end by themselves. */
  stop(graceMs: number): Promise<void>;
}

export type Serve = (configuration: string) => Promise<RunningGateway | readonly ConfigurationProblem[]>;

/** How long open sessions may go on after the gateway was told to stop. */
const graceMs = 10_000;

/** Runs the gateway until it is told to stop: the first signal drains it, a second one does not wait. Returns the exit code. */
export async function runServe(serve: Serve, configuration: string, json: boolean): Promise<number> {
  const gateway = await serve(configuration);
  if (isProblems(gateway)) {
    process.stderr.write(json ? `${JSON.stringify({ problems: gateway })}\n` : `${problemText(gateway)}\n`);
    return 2;
  }
  const sockets = [...gateway.sockets].map(([name, { host, port }]) => ({ name, host, port }));
  const listening = sockets.map(({ name, host, port }) => `${name} on ${host.includes(':') ? `[${host}]` : host}:${port}`);
  const ready = [...(gateway.console ? [`console on ${gateway.console}`] : []), ...listening].join(', ');
  process.stdout.write(
    json ? `${JSON.stringify({ ready: true, console: gateway.console, sockets })}\n` : `Chaperone is ready: ${ready}.\n`,
  );
  await untilStopped();
  if (!json) process.stdout.write('Chaperone is stopping; open sessions have 10 seconds. Signal again to end them now.\n');
  const second = untilStopped().then(() => gateway.stop(0));
  await Promise.race([gateway.stop(graceMs), second]);
  return 0;
}

function isProblems(value: RunningGateway | readonly ConfigurationProblem[]): value is readonly ConfigurationProblem[] {
  return Array.isArray(value);
}

/** Resolves at the next SIGTERM or SIGINT. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
