import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Ground, rotated } from '../ground/ground.ts';
import { cpuSeconds, peakResidentBytes, resetPeak } from '../ground/process-figures.ts';
import { layWebGround, type WebGround, type WebVariant, webProgram } from '../ground/web.ts';
import type { HttpRun } from '../results.ts';

const execute = promisify(execFile);
const connections = [1, 16] as const;

/** Short pages over one and over many connections that are kept, and one body of a gigabyte. */
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
      const megabytesPerSecond = await bigBody(curl, web, variant, signal);
      const peak = variant.pid === null ? null : peakResidentBytes(variant.pid);
      const run = { round, variant: variant.name, loads, cpuMicros, megabytesPerSecond, peakResidentBytes: peak };
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

/** By curl, which takes a body as fast as it comes; in megabytes a second. */
async function bigBody(curl: string, { token }: WebGround, { url, name }: WebVariant, signal: AbortSignal): Promise<number> {
  const words = ['-sS', '-o', '/dev/null', '-w', '%{http_code} %{speed_download}', '-H', `Authorization: Bearer ${token}`, `${url}/big`];
  const { stdout } = await execute(curl, words, { signal });
  const [status, speed] = stdout.split(' ');
  if (status !== '200') throw new Error(`the large body over ${name} was answered with ${status}`);
  return Number(speed) / 1e6;
}

function lineOf({ round, variant, loads, cpuMicros, megabytesPerSecond, peakResidentBytes: peak }: HttpRun): string {
  const rates = loads.map(
    ({ connections: count, requestsPerSecond, p50Micros }) =>
      `${count} at once ${requestsPerSecond.toFixed(0)}/s p50 ${p50Micros.toFixed(0)} µs`,
  );
  const own =
    cpuMicros === null ? '' : `, ${cpuMicros.toFixed(0)} µs CPU a request, resident ${((peak ?? 0) / 2 ** 20).toFixed(0)} MB at most`;
  return `http, round ${round + 1}, ${variant.padEnd(6)} ${rates.join(', ')}, ${megabytesPerSecond.toFixed(0)} MB/s${own}`;
}
