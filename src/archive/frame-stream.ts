import type { Entry } from '../core/entry.ts';
import { ChaperoneError } from '../core/errors.ts';
import { encodeFrame, readFrame } from '../core/frame.ts';
import { SaidSoFar } from '../core/said.ts';

/** About so much goes as one. */
const chunkBytes = 64 * 1024;

/** Entries as they stand on record, each whole, for a reader elsewhere. */
export async function* framesOf(entries: AsyncIterable<Entry>): AsyncGenerator<Buffer> {
  let frames: Buffer[] = [];
  let size = 0;
  for await (const entry of entries) {
    const frame = encodeFrame(entry);
    frames.push(frame);
    size += frame.length;
    if (size < chunkBytes) continue;
    yield Buffer.concat(frames);
    frames = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(frames);
}

/** The entries again, however they were cut on the way. Throws where what comes is none, or ends within one. */
export async function* entriesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  const said = new SaidSoFar();
  let held: Buffer[] = [];
  let size = 0;
  let needed = 1;
  for await (const chunk of chunks) {
    held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    size += chunk.length;
    // Put together only once what is next can be whole: an entry may be as long as hundreds of pieces.
    if (size < needed) continue;
    const whole = Buffer.concat(held);
    let offset = 0;
    for (let read = readFrame(whole, offset, said); ; read = readFrame(whole, offset, said)) {
      if (read.kind === 'corrupt') throw broken(read.reason);
      if (read.kind !== 'entry') break;
      offset = read.next;
      yield read.entry;
    }
    held = offset === whole.length ? [] : [whole.subarray(offset)];
    size = whole.length - offset;
    needed = size < 4 ? 4 : whole.readUInt32BE(offset) + 8;
  }
  if (size > 0) throw broken('it ends within an entry');
}

function broken(reason: string): ChaperoneError {
  return new ChaperoneError('INTERNAL', `What came is no recording: ${reason}.`);
}
