import { Readable } from 'node:stream';
import { lineText } from './line-text.ts';

/** One server-sent event (HTML Living Standard section 9.2). JSON has no line breaks, so that each is one line of data. */
export interface StreamEvent {
  readonly event: string;
  /** By which a reader that comes back says what it has seen. */
  readonly id?: string;
  readonly data: object;
}

export const eventStreamType = 'text/event-stream; charset=utf-8';

/** What is at hand is sent together up to this size. */
const chunkChars = 64 * 1024;

/**
 * The events as a stream that reads from its source only as fast as it is read: a slow reader falls behind and misses nothing.
 * Null stands for a pause: what was gathered goes out, and so does a comment, so that neither side takes the other for gone.
 */
export function eventStream(events: AsyncIterable<StreamEvent | null>): Readable {
  return Readable.from(chunks(events), { objectMode: false });
}

async function* chunks(events: AsyncIterable<StreamEvent | null>): AsyncGenerator<string> {
  let chunk = '';
  for await (const event of events) {
    chunk += event === null ? ':\n\n' : lines(event);
    if (event !== null && chunk.length < chunkChars) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function lines({ event, id, data }: StreamEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${lineText(data)}\n\n`;
}
