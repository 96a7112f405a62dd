import { addressOf, getStream, Refused } from '../api/client.ts';
import { readLine } from './lines.ts';
import type { Recording } from './recording.ts';

/** How long the page may read lines before it lets the browser draw. */
const turnMs = 8;
const againMs = 1_000;
const longLine = 256 * 1024;

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

/** Lines of text as they come, with a pause for the browser now and then. Invalid UTF-8 becomes U+FFFD, which the page shows. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let turn = performance.now();
  // A line of megabytes comes in many chunks, and each of them is looked through once.
  let begun: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const [first = '', ...more] = (done ? decoder.decode() : decoder.decode(value, { stream: true })).split('\n');
      begun.push(first);
      for (const next of more) {
        const line = withoutReturn(begun.join(''));
        // To read a line of megabytes takes a turn of its own.
        if (line.length > longLine) await new Promise((done) => setTimeout(done, 0));
        yield line;
        begun = [next];
        if (line.length <= longLine && performance.now() - turn < turnMs) continue;
        await new Promise((done) => setTimeout(done, 0));
        turn = performance.now();
      }
      if (!done) continue;
      if (begun.join('') !== '') yield withoutReturn(begun.join(''));
      return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
