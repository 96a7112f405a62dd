import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Frees what nobody holds. What waits for the collector is no leak, and tests share their process with others that leave some. */
export const collectGarbage: () => void = runInNewContext('gc');

/** Bytes that this process holds or has not yet freed. Resident memory says less: it keeps what was freed. */
export function bytesInUse(): number {
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}
