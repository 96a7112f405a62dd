import { readlinkSync } from 'node:fs';
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
