import { addressOf, getStream, Refused } from '../api/client.ts';
import { linesOf } from '../api/text-lines.ts';
import { readLine } from './lines.ts';
import type { Recording } from './recording.ts';

const againMs = 1_000;

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
    if (source.active) await follow(recording, source, signal);
    else await readWhole(recording, source, signal);
    if (!signal.aborted) recording.arrive({ kind: 'whole' });
  } catch (fault) {
    if (!signal.aborted) recording.arrive({ kind: 'broken', fault });
  }
}

async function readWhole(recording: Recording, { session, exchange }: Source, signal: AbortSignal): Promise<void> {
  const path = addressOf(`/api/v1/sessions/${encodeURIComponent(session)}/recording`, { exchange });
  for await (const line of linesOf(await getStream(path, {}, signal))) if (line !== '') recording.add(readLine(line));
}

/** Server-sent events: first what has happened, then what happens, by its sequence; taken up again at the last one that came. */
async function follow(recording: Recording, source: Source, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/sessions/${encodeURIComponent(source.session)}/live`;
  while (!signal.aborted) {
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(recording.lastSequence >= 0 && { 'last-event-id': String(recording.lastSequence) }),
      };
      const stream = await getStream(path, headers, signal);
      recording.arrive({ kind: 'live' });
      if (await takeEvents(recording, source, stream)) return;
    } catch (fault) {
      // A refusal is final; what is merely unreachable may come back.
      if (fault instanceof Refused || signal.aborted) throw fault;
    }
    if (recording.reach.kind !== 'reconnecting') recording.arrive({ kind: 'reconnecting', since: Date.now() });
    await new Promise((done) => setTimeout(done, againMs));
  }
}

/** Whether the session is over and all of it has come. */
async function takeEvents(recording: Recording, source: Source, stream: ReadableStream<Uint8Array>): Promise<boolean> {
  let name = '';
  let data: string[] = [];
  for await (const line of linesOf(stream)) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line === '' && data.length > 0) {
      const text = data.join('\n');
      data = [];
      if (name === 'entry') recording.add(readLine(text));
      else source.onState(JSON.parse(text));
      if (name === 'end') return true;
      // Somebody who may not look any more, or a gateway that stops: asking again says which.
      if (name === 'closed') return false;
      name = '';
    }
  }
  return false;
}
