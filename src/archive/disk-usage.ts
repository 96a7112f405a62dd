import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from './layout.ts';

/** What the recordings take on disk. */
export interface DiskUsage {
  readonly bytes: number;
  readonly files: number;
  /** Whether all files were counted. */
  readonly complete: boolean;
}

/** Some 20 µs a file. */
const mostFiles = 20_000;

/** Counts the files of the archive, the newest days first, without holding anybody up for long. */
export async function archiveUsage(state: string): Promise<DiskUsage> {
  let [bytes, files] = [0, 0];
  const sessions = join(state, 'archive', 'sessions');
  const days = (await namesIn(sessions)).toSorted((one, other) => other.localeCompare(one)).map((day) => join(sessions, day));
  for (const folder of [join(state, 'archive', 'ledger'), ...days])
    for (const name of await namesIn(folder)) {
      if (files >= mostFiles) return { bytes, files, complete: false };
      const size = await sizeOf(join(folder, name));
      if (size === null) continue;
      bytes += size;
      files += 1;
    }
  return { bytes, files, complete: true };
}

async function namesIn(folder: string): Promise<string[]> {
  return (await unlessMissing(readdir(folder))) ?? [];
}

async function sizeOf(path: string): Promise<number | null> {
  return (await unlessMissing(stat(path)))?.size ?? null;
}

/** What is deleted while it is counted is not there. */
async function unlessMissing<Value>(asked: Promise<Value>): Promise<Value | null> {
  try {
    return await asked;
  } catch (fault) {
    if (isMissing(fault)) return null;
    throw fault;
  }
}
