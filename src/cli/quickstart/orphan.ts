import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ChaperoneError } from '../../core/errors.ts';

const patienceMs = 10_000;

/**
 * Ends a server that outlived its demonstration (both the demonstration and the server's keeper were killed). The caller holds
 * the folder's lock, so a live server on this data is nobody's. Another process that got the old pid is left alone.
 */
export async function stopOrphan(data: string): Promise<void> {
  const pid = await serverOn(data);
  if (pid === null) return;
  process.kill(pid, 'SIGINT');
  for (const deadline = Date.now() + patienceMs; (await serverOn(data)) === pid; await pause(50)) {
    if (Date.now() < deadline) continue;
    throw new ChaperoneError('INTERNAL', `A PostgreSQL left over from an earlier start (pid ${pid}) does not end; end it by hand.`);
  }
}

/** The live server's pid, by the first two lines of its pid file: the pid, and the data folder. */
async function serverOn(data: string): Promise<number | null> {
  const file = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const [line, folder] = file.split('\n');
  const pid = Number(line);
  if (folder !== data || !Number.isSafeInteger(pid) || pid <= 1) return null;
  return (await commandOf(pid)).includes(data) ? pid : null;
}

async function commandOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0');
}
