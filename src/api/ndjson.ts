import { Readable } from 'node:stream';
import type { RecordingLine } from '../archive/decoded.ts';
import { asciicastText } from '../archive/asciicast.ts';
import { harText } from '../archive/har.ts';
import { patchText } from '../archive/patches.ts';
import { lineText } from './line-text.ts';

/** The lines that are asked for, or those of one of their exchanges. */
export type Read = (exchange?: number) => AsyncIterable<RecordingLine>;

/** One write a row would cost more than the row; one write for all would not let a slow reader hold the source back. */
const chunkChars = 64 * 1024;

/**
 * The lines as a stream that reads from its source only as fast as it is read. Rejects where the source fails before its
 * first line, so that the failure can still be an answer of its own; later ones break the stream off, which the client sees.
 */
export async function ndjson(read: () => AsyncIterable<object>): Promise<Readable> {
  const iterator = read()[Symbol.asyncIterator]();
  const first = await iterator.next();
  return letGo(Readable.from(chunks(first, iterator), { objectMode: false }), iterator);
}

/** The lines as an HTTP Archive, likewise. */
export async function har(read: Read): Promise<Readable> {
  const iterator = harText(read());
  const first = await iterator.next();
  return letGo(Readable.from(texts(first, iterator), { objectMode: false }), iterator);
}

/** What was pushed, as a mailbox, likewise. */
export async function patch(read: Read): Promise<Readable> {
  const iterator = patchText(read);
  const first = await iterator.next();
  return letGo(Readable.from(texts(first, iterator), { objectMode: false }), iterator);
}

/** Its terminals as an asciicast, likewise. */
export async function asciicast(read: Read): Promise<Readable> {
  const iterator = asciicastText(read);
  const first = await iterator.next();
  return letGo(Readable.from(texts(first, iterator), { objectMode: false }), iterator);
}

/**
 * The source goes with its stream. A generator that was never started runs no `finally` when it is ended, so a reader that leaves
 * before the first line is taken would else leave the recording's file open; Node ends the process for one that nobody closes.
 */
export function letGo(stream: Readable, source: AsyncIterator<unknown>): Readable {
  // Whoever would be told of a fault in closing has left, and it must not end the thread.
  return stream.once('close', () => void source.return?.().catch(() => {}));
}

async function* texts(first: IteratorResult<string>, iterator: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value;
  yield* iterator;
}

async function* chunks(first: IteratorResult<object>, iterator: AsyncIterator<object>): AsyncGenerator<string> {
  let chunk = '';
  for (let result = first; result.done !== true; result = await iterator.next()) {
    chunk += `${lineText(result.value)}\n`;
    if (chunk.length < chunkChars) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
