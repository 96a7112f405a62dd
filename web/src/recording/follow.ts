import { addressOf, getStream, Refused } from '../api/client.ts';
import { linesOf, longLine } from '../api/text-lines.ts';
import { type Line, readLine, readLongLine } from './lines.ts';
import type { Reach } from './recording.ts';

const againMs = 1_000;

/** What is told of a session that goes on. */
export interface Follower {
  readonly reach: Reach;
  /** Of the last line that it was told; -1 before the first. */
  readonly lastSequence: number;
  add(line: Line): void;
  arrive(reach: Reach): void;
  /** That there is nothing up to here that it must be told. */
  begin?(sequence: number): void;
}

export interface Followed {
  readonly session: string;
  /** From its beginning on, or only what comes from now on. */
  readonly from: 'beginning' | 'end';
  /** What the gateway says of the session as such, each time it has changed. */
  readonly onState: (state: unknown) => void;
}

/**
 * Server-sent events: what has happened where that is wanted, then what happens, by its sequence; taken up again at the last one that
 * came. Resolves when the session is over and all of it has come. Rejects on a refusal and on abort.
 */
export async function follow(follower: Follower, followed: Followed, signal: AbortSignal): Promise<void> {
  const path = addressOf(`/api/v1/sessions/${encodeURIComponent(followed.session)}/live`, {
    from: followed.from === 'end' ? 'end' : null,
  });
  while (!signal.aborted) {
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(follower.lastSequence >= 0 && { 'last-event-id': String(follower.lastSequence) }),
      };
      const stream = await getStream(path, headers, signal);
      if (await takeEvents(follower, followed, stream)) return;
    } catch (fault) {
      // A refusal is final; what is merely unreachable may come back.
      if (fault instanceof Refused || signal.aborted) throw fault;
    }
    if (follower.reach.kind !== 'reconnecting') follower.arrive({ kind: 'reconnecting', since: Date.now() });
    await new Promise((done) => setTimeout(done, againMs));
  }
}

/** Whether the session is over and all of it has come. */
async function takeEvents(follower: Follower, { onState }: Followed, stream: ReadableStream<Uint8Array>): Promise<boolean> {
  let [name, id] = ['', ''];
  let data: string[] = [];
  for await (const line of linesOf(stream)) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('id:')) id = line.slice(3).trim();
    else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line === '' && data.length > 0) {
      const text = data.join('\n');
      data = [];
      if (name === 'entry') follower.add(text.length > longLine ? await readLongLine(text) : readLine(text));
      else {
        onState(JSON.parse(text));
        if (id !== '') follower.begin?.(Number(id));
        if (follower.reach.kind !== 'live') follower.arrive({ kind: 'live' });
      }
      if (name === 'end') return true;
      // Somebody who may not look any more, or a gateway that stops: asking again says which.
      if (name === 'closed') return false;
      [name, id] = ['', ''];
    }
  }
  return false;
}
