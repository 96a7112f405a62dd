import { addressOf, getStream } from '../api/client.ts';
import { linesOf, longLine } from '../api/text-lines.ts';
import { follow } from './follow.ts';
import { readLine, readLongLine } from './lines.ts';
import type { Recording } from './recording.ts';

interface Source {
  readonly session: string;
  /** Whether it went on when the page was opened. */
  readonly active: boolean;
  /** This exchange alone; null for all of it. */
  readonly exchange: number | null;
  /** What the gateway says of the session as such, each time it has changed. */
  readonly onState: (state: unknown) => void;
}

/** Fills a recording from the record, then keeps it filled as long as the session goes on. Resolves when all is here, or on abort. */
export async function loadRecording(recording: Recording, source: Source, signal: AbortSignal): Promise<void> {
  try {
    if (source.active) await follow(recording, { ...source, from: 'beginning' }, signal);
    else await readWhole(recording, source, signal);
    if (!signal.aborted) recording.arrive({ kind: 'whole' });
  } catch (fault) {
    if (!signal.aborted) recording.arrive({ kind: 'broken', fault });
  }
}

async function readWhole(recording: Recording, { session, exchange }: Source, signal: AbortSignal): Promise<void> {
  const path = addressOf(`/api/v1/sessions/${encodeURIComponent(session)}/recording`, { exchange });
  for await (const line of linesOf(await getStream(path, {}, signal)))
    if (line !== '') recording.add(line.length > longLine ? await readLongLine(line) : readLine(line));
}
