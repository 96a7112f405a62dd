import { Readable } from 'node:stream';
import type { RecordingLine } from '../archive/decoded.ts';
import { harText } from '../archive/har.ts';
import { patchText } from '../archive/patches.ts';

/** One write a row would cost more than the row; one write for all would not let a slow reader hold the source back. */
const chunkChars = 64 * 1024;

/**
 * The lines as a stream that reads from its source only as fast as it is read. Rejects where the source fails before its
 * first line, so that the failure can still be an answer of its own; later ones break the stream off, which the client sees.
 */
export async function ndjson(read: () => AsyncIterable<object>): Promise<Readable> {
  const iterator = read()[Symbol.asyncIterator]();
  const first = await iterator.next();
  return Readable.from(chunks(first, iterator), { objectMode: false });
}

/** The lines as an HTTP Archive, likewise. */
export async function har(read: () => AsyncIterable<RecordingLine>): Promise<Readable> {
  const iterator = harText(read());
  const first = await iterator.next();
  return Readable.from(texts(first, iterator), { objectMode: false });
}

/** What was pushed, as a mailbox, likewise. */
export async function patch(read: () => AsyncIterable<RecordingLine>): Promise<Readable> {
  const iterator = patchText(read);
  const first = await iterator.next();
  return Readable.from(texts(first, iterator), { objectMode: false });
}

async function* texts(first: IteratorResult<string>, iterator: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value;
  yield* iterator;
}

async function* chunks(first: IteratorResult<object>, iterator: AsyncIterator<object>): AsyncGenerator<string> {
  let chunk = '';
  try {
    for (let result = first; result.done !== true; result = await iterator.next()) {
      chunk += `${JSON.stringify(result.value)}\n`;
      if (chunk.length < chunkChars) continue;
      yield chunk;
      chunk = '';
    }
    if (chunk !== '') yield chunk;
  } finally {
    await iterator.return?.();
  }
}
