import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import { acquireLock } from './lock.ts';
import { defaultReserveBytes, defaultSegmentBytes, type Journal, type JournalOptions } from './options.ts';
import { recover } from './recover.ts';
import { Reserve } from './reserve.ts';
import { SegmentFile, syncFolder } from './segment-file.ts';
import { SegmentJournal } from './segment-journal.ts';

export { acquireLock } from './lock.ts';
export type { Journal, JournalOptions } from './options.ts';

/** Recovers what a former gateway left and opens a new segment. Throws RECORDER_FAULT where the folder cannot be written at all. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder } = options;
  const lock = options.lock ?? (await acquireLock(dirname(folder)));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const recovery = recover(folder, options.unfinished ?? []);
    await syncFolder(folder);
    const reserve = new Reserve(folder, options.reserveBytes ?? defaultReserveBytes);
    // Too little space even for a start: what the reserve holds goes into closing the sessions that a crash cut.
    if (reserve.shortage(options.segmentBytes ?? defaultSegmentBytes) !== null) reserve.release();
    const segment = await SegmentFile.create(folder, recovery.nextSegment);
    const journal = new SegmentJournal(options, segment, reserve, options.lock === undefined ? lock : null);
    await journal.start(recovery);
    return journal;
  } catch (fault) {
    if (options.lock === undefined) lock.release();
    if (fault instanceof ChaperoneError) throw fault;
    throw new ChaperoneError('RECORDER_FAULT', `the journal in ${folder} cannot be opened: ${messageOf(fault)}`, { cause: fault });
  }
}
