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
export function har(read: Read): Promise<Readable> {
  return streamed(harText(read()));
}

/** What was pushed, as a mailbox, likewise. */
export function patch(read: Read): Promise<Readable> {
  return streamed(patchText(read));
}

/** Its terminals as an asciicast, likewise. */
export function asciicast(read: Read): Promise<Readable> {
  return streamed(asciicastText(read));
}

/** What a source gives, piece by piece, likewise. */
export async function streamed(source: AsyncGenerator<string | Buffer>): Promise<Readable> {
  const first = await source.next();
  return letGo(Readable.from(pieces(first, source), { objectMode: false }), source);
}

/**
 * The source goes with its stream. A generator that was never started runs no `finally` when it is ended, so a reader that leaves
 * before the first line is taken would else leave the recording's file open; Node ends the process for one that nobody closes.
 */
function letGo(stream: Readable, source: AsyncIterator<unknown>): Readable {
  // Whoever would be told of a fault in closing has left, and it must not end the thread.
  return stream.once('close', () => void source.return?.().catch(() => {}));
}

async function* pieces<Piece>(first: IteratorResult<Piece>, source: AsyncGenerator<Piece>): AsyncGenerator<Piece> {
  if (first.done !== true) yield first.value;
  yield* source;
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
