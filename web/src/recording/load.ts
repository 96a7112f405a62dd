import { getStream, Refused } from '../api/client.ts';
import { readLine } from './lines.ts';
import type { Recording } from './recording.ts';

/** How long the page may read lines before it lets the browser draw. */
const turnMs = 8;
const againMs = 1_000;

/** Fills a recording from the record, then keeps it filled as long as the session goes on. Resolves when all is here, or on abort. */
export async function loadRecording(recording: Recording, session: string, active: boolean, signal: AbortSignal): Promise<void> {
  try {
    if (active) await follow(recording, session, signal);
    else await readWhole(recording, session, signal);
    if (!signal.aborted) recording.arrive({ kind: 'whole' });
  } catch (fault) {
    if (!signal.aborted) recording.arrive({ kind: 'broken', fault });
  }
}

async function readWhole(recording: Recording, session: string, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/sessions/${encodeURIComponent(session)}/recording`;
  for await (const line of linesOf(await getStream(path, {}, signal))) if (line !== '') recording.add(readLine(line));
}

/** Server-sent events: first what has happened, then what happens, by its sequence; taken up again at the last one that came. */
async function follow(recording: Recording, session: string, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/sessions/${encodeURIComponent(session)}/live`;
  while (!signal.aborted) {
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(recording.lastSequence >= 0 && { 'last-event-id': String(recording.lastSequence) }),
      };
      const stream = await getStream(path, headers, signal);
      recording.arrive({ kind: 'live' });
      if (await takeEvents(recording, stream)) return;
    } catch (fault) {
      // A refusal is final; what is merely unreachable may come back.
      if (fault instanceof Refused || signal.aborted) throw fault;
    }
    if (recording.reach.kind !== 'reconnecting') recording.arrive({ kind: 'reconnecting', since: Date.now() });
    await new Promise((done) => setTimeout(done, againMs));
  }
}

/** Whether the session's end was among them. */
async function takeEvents(recording: Recording, stream: ReadableStream<Uint8Array>): Promise<boolean> {
  let data: string[] = [];
  let ended = false;
  for await (const line of linesOf(stream)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line === '' && data.length > 0) {
      const entry = readLine(data.join('\n'));
      data = [];
      recording.add(entry);
      ended ||= entry.kind === 'end';
    }
  }
  return ended;
}

/** Lines of text as they come, with a pause for the browser now and then. Invalid UTF-8 becomes U+FFFD, which the page shows. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
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
        yield withoutReturn(begun.join(''));
        begun = [next];
        if (performance.now() - turn < turnMs) continue;
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
