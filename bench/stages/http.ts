import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Ground, rotated } from '../ground/ground.ts';
import { cpuSeconds, peakResidentBytes, resetPeak } from '../ground/process-figures.ts';
import { layWebGround, type WebGround, type WebVariant, webProgram } from '../ground/web.ts';
import type { HttpRun } from '../results.ts';

const execute = promisify(execFile);
const connections = [1, 16] as const;

/** Short pages over one and over many connections that are kept, and a body of a gigabyte each way. */
export async function benchHttp(ground: Ground): Promise<HttpRun[]> {
  const { options, signal, issuer, say } = ground;
  const [nginx, wrk, curl] = [webProgram('nginx'), webProgram('wrk'), webProgram('curl')];
  if (nginx === null || wrk === null || curl === null) {
    say('nginx, wrk or curl is not installed: the stage http is skipped. Debian: apt-get install nginx-light wrk curl.');
    return [];
  }
  await using web = await layWebGround(nginx, issuer, await ground.token());
  const runs: HttpRun[] = [];
  for (const variant of web.variants) await load(wrk, web, variant, 16, 1, signal);
  for (let round = 0; round < options.rounds; round += 1)
    for (const variant of rotated(web.variants, round)) {
      const cpuBefore = variant.pid === null ? 0 : cpuSeconds(variant.pid);
      if (variant.pid !== null) resetPeak(variant.pid);
      const loads = [];
      for (const count of connections) loads.push(await load(wrk, web, variant, count, options.seconds, signal));
      const requests = loads.reduce((sum, { requests: own }) => sum + own, 0);
      const cpuMicros = variant.pid === null ? null : ((cpuSeconds(variant.pid) - cpuBefore) * 1e6) / requests;
      const peakOfPagesBytes = variant.pid === null ? null : peakResidentBytes(variant.pid);
      const megabytesPerSecond = variant.sink === null ? null : await taken(curl, web, variant, signal);
      const sentMegabytesPerSecond = variant.sink === null ? null : await sent(curl, web, variant, variant.sink, signal);
      const peak = variant.pid === null ? null : peakResidentBytes(variant.pid);
      const speeds = { megabytesPerSecond, sentMegabytesPerSecond };
      const run = { round, variant: variant.name, loads, cpuMicros, ...speeds, peakOfPagesBytes, peakResidentBytes: peak };
      runs.push(run);
      say(lineOf(run));
    }
  return runs;
}

async function load(wrk: string, { token }: WebGround, { url, name }: WebVariant, count: number, seconds: number, signal: AbortSignal) {
  const words = ['-t1', `-c${count}`, `-d${seconds}s`, '--latency', '-H', `Authorization: Bearer ${token}`, `${url}/page.json`];
  const { stdout } = await execute(wrk, words, { signal });
  const [, digits = '', unit = ''] = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const requestsPerSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (/Non-2xx|Socket errors/.test(stdout) || !(requests > 0)) throw new Error(`the load over ${name} failed: ${stdout}`);
  const p50Micros = Number(digits) * (unit === 's' ? 1e6 : unit === 'ms' ? 1e3 : 1);
  return { connections: count, requests, requestsPerSecond, p50Micros };
}

/** A body that comes as fast as curl takes it; in megabytes a second. */
function taken(curl: string, { token }: WebGround, { url, name }: WebVariant, signal: AbortSignal): Promise<number> {
  return bigBody(curl, token, name, ['-w', '%{http_code} %{speed_download}', `${url}/big`], signal);
}

/** A body that is sent as fast as it is taken; in megabytes a second. */
function sent(curl: string, { token, big }: WebGround, { name }: WebVariant, sink: string, signal: AbortSignal): Promise<number> {
  return bigBody(curl, token, name, ['-w', '%{http_code} %{speed_upload}', '-H', 'Expect:', '-T', big, sink], signal);
}

async function bigBody(curl: string, token: string, name: string, more: readonly string[], signal: AbortSignal): Promise<number> {
  const { stdout } = await execute(curl, ['-sS', '-o', '/dev/null', '-H', `Authorization: Bearer ${token}`, ...more], { signal });
  const [status, speed] = stdout.split(' ');
  if (status !== '200') throw new Error(`the large body over ${name} was answered with ${status}`);
  return Number(speed) / 1e6;
}

function lineOf({ round, variant, loads, cpuMicros, megabytesPerSecond, sentMegabytesPerSecond, ...memory }: HttpRun): string {
  const rates = loads.map(
    ({ connections: count, requestsPerSecond, p50Micros }) =>
      `${count} at once ${requestsPerSecond.toFixed(0)}/s p50 ${p50Micros.toFixed(0)} µs`,
  );
  const own =
    cpuMicros === null
      ? ''
      : `, ${cpuMicros.toFixed(0)} µs CPU a request, resident ${megabytes(memory.peakOfPagesBytes)} MB and ${megabytes(memory.peakResidentBytes)} MB at most`;
  const speeds = megabytesPerSecond === null ? '' : `, ${megabytesPerSecond.toFixed(0)} and ${sentMegabytesPerSecond?.toFixed(0)} MB/s`;
  return `http, round ${round + 1}, ${variant.padEnd(7)} ${rates.join(', ')}${speeds}${own}`;
}

function megabytes(bytes: number | null | undefined): string {
  return ((bytes ?? 0) / 2 ** 20).toFixed(0);
}
