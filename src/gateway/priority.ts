import { readFileSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Lets this thread yield the processor to the others of its process: what comes after the record may wait, what waits for
 * the record may not. Linux counts priorities by thread, and a thread's own link in /proc names it; elsewhere nothing changes.
 */
export function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  const [, thread] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
  if (thread !== undefined) setPriority(Number(thread), behind);
}

/** Of -20 to 19: a tenth of what a thread at 0 gets, so that the archive falls behind under load and never stands still. */
const behind = 10;

/** How long to rest after this much work (milliseconds), with so many bytes of the journal left to do. */
export type Courtesy = (workedMs: number, lagBytes: number) => number;

/** The main thread counts as busy from this share of the time, and as kept waiting from this share of what it had to do. */
const busy = 0.25;
const contended = 0.05;
const restsPerWork = 15;
const longestRestMs = 2_000;
/** What is further behind than this is caught up with, whoever waits: the journal must not fill the disk. */
const mostLagBytes = 1024 * 1024 * 1024;

/**
 * A priority counts only among the threads of one process or unit: Linux shares processors out among groups first, so the
 * archive takes from target and clients on the same machine what the data plane leaves of its own share (measured: a third
 * of all the work on two busy cores). So it also rests while the main thread has to wait for a processor, which the kernel tells.
 */
export function courtesy(stat: () => MainThreadTime | null = mainThreadTime): Courtesy {
  let last = stat();
  return (workedMs, lagBytes) => {
    const now = stat();
    const before = last;
    last = now;
    if (now === null || before === null || lagBytes > mostLagBytes) return 0;
    const waited = now.waitedNs - before.waitedNs;
    const wanted = now.ranNs - before.ranNs + waited;
    const isKeptWaiting = wanted > busy * (now.atNs - before.atNs) && waited > contended * wanted;
    return isKeptWaiting ? Math.min(longestRestMs, workedMs * restsPerWork) : 0;
  };
}

export interface MainThreadTime {
  readonly atNs: number;
  readonly ranNs: number;
  /** How long it was ready to run and had no processor. */
  readonly waitedNs: number;
}

/** From /proc/PID/schedstat (kernel: Documentation/scheduler/sched-stats.rst); null where there is none. */
function mainThreadTime(): MainThreadTime | null {
  try {
    const [ranNs = Number.NaN, waitedNs = Number.NaN] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1')
      .split(' ')
      .map(Number);
    return Number.isFinite(ranNs + waitedNs) ? { atNs: performance.now() * 1e6, ranNs, waitedNs } : null;
  } catch {
    return null; // Another system, or a kernel without these statistics: then nothing is known of who waits.
  }
}
