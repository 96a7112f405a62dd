import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what was kept of the targets of connections that are no longer there, and returns their folders' names. All of it is a copy of
 * what the target has: recordings, exports and proofs need none of it, and a connection that comes back asks its target anew.
 */
export async function forgetLeftTargets(state: string, isLedTo: (folder: string) => boolean): Promise<readonly string[]> {
  const targets = join(state, 'targets');
  const found = await readdir(targets).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code === 'ENOENT') return [];
    throw fault;
  });
  const left = found.filter((folder) => !isLedTo(folder));
  for (const folder of left) await rm(join(targets, folder), { recursive: true, force: true });
  return left;
}
