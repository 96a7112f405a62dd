import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { drained } from '../../wire/drained.ts';
import { Flaw } from './flaw.ts';
import type { GrowingFile } from './growing-file.ts';
import type { InspectionJob } from './inspection.ts';
import { complaintOf, ended, GitFailed, type GitProcess, runGit, startGit } from './native.ts';

const packHead = 12;

/** index-pack reads every object, finds the bases of thin deltas among the mirror's, and checks what it holds (fsck). */
export async function takePack(job: InspectionJob, spool: GrowingFile, signal: AbortSignal): Promise<void> {
  const { place, limits } = job;
  const args = ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${limits.bytes}`];
  const child = startGit(place, args, signal);
  const end = ended(child, args, complaintOf(child));
  child.stdout.resume();
  const head = new PackHead(limits.objects);
  const fed = feed(packStream(job, spool, signal), head, child).catch((fault: unknown) => {
    child.kill('SIGKILL');
    return fault;
  });
  const [fault] = await Promise.all([fed, end.catch((failed: unknown) => failed)]);
  if (fault instanceof Flaw) throw fault;
  await end;
  if (fault !== undefined) throw fault;
  await checkEnd(job, head, signal);
}

/** Gives git all that comes, and counts it to its end though git has stopped reading. */
async function feed(pack: AsyncIterable<Buffer>, head: PackHead, { stdin }: GitProcess): Promise<void> {
  for await (const chunk of pack) {
    head.take(chunk);
    if (stdin.writable && !stdin.write(chunk)) await drained(stdin);
  }
  head.end();
  stdin.end();
}

/**
 * index-pack stops where the pack ends, and does not look at what follows. What it has stored says where that was: the pushed objects
 * as they came, and behind them the bases of thin deltas, which it has added.
 */
async function checkEnd(job: InspectionJob, { objects, bytes }: PackHead, signal: AbortSignal): Promise<void> {
  const folder = join(job.place.quarantine ?? '', 'pack');
  const stored = (await readdir(folder)).find((name) => name.endsWith('.pack'));
  if (stored === undefined) throw new GitFailed('index-pack has stored nothing');
  const path = join(folder, stored);
  const all = await storedObjects(path);
  const sum = (job.commands[0]?.new.length ?? 40) / 2;
  const end = all === objects ? (await stat(path)).size - sum : await offsetOf(job, path, objects, signal);
  if (end + sum !== bytes) throw new Flaw('Something follows behind the pack of the push.');
}

/** Where the object stands that was stored as that one in the order of the pack. */
async function offsetOf({ place: where }: InspectionJob, path: string, place: number, signal: AbortSignal): Promise<number> {
  const index = createReadStream(path.replace(/pack$/, 'idx'));
  const listed = await runGit(where, ['show-index'], { signal, input: index });
  const offsets = listed
    .toString('latin1')
    .split('\n')
    .filter(Boolean)
    .map((line) => Number.parseInt(line, 10));
  return offsets.toSorted((one, other) => one - other)[place] ?? 0;
}

function packStream({ gzip, packAt, limits }: InspectionJob, spool: GrowingFile, signal: AbortSignal): Readable {
  if (!gzip) return Readable.from(spool.read(packAt, signal), { objectMode: false });
  const inflated = new PassThrough();
  pipeline(Readable.from(spool.read(0, signal), { objectMode: false }), createGunzip(), skip(packAt, limits.bytes), inflated).catch(
    (fault: unknown) => inflated.destroy(fault instanceof Error ? fault : new Error(String(fault))),
  );
  return inflated;
}

/** Looks at a pack's head on its way (gitformat-pack(5)): what it says of its objects is what index-pack holds it to. */
class PackHead {
  objects = 0;
  bytes = 0;
  readonly #most: number;
  #head: Buffer | null = Buffer.alloc(0);

  constructor(mostObjects: number) {
    this.#most = mostObjects;
  }

  take(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.#head === null) return;
    const head = Buffer.concat([this.#head, chunk.subarray(0, packHead)]);
    this.#head = head;
    if (head.length < packHead) return;
    this.objects = head.readUInt32BE(8);
    if (head.toString('latin1', 0, 4) !== 'PACK') throw new Flaw('What follows the refs of the push is no pack.');
    if (this.objects > this.#most) throw new Flaw(`The push has ${this.objects} objects; ${this.#most} are allowed.`, true);
    this.#head = null;
  }

  end(): void {
    if (this.#head !== null) throw new Flaw('The push has no pack.');
  }
}

async function storedObjects(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(packHead), 0, packHead, 0);
    return buffer.readUInt32BE(8);
  } finally {
    await file.close();
  }
}

function skip(count: number, most: number): Transform {
  let [left, passed] = [count, 0];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const kept = chunk.subarray(Math.min(left, chunk.length));
      left -= chunk.length - kept.length;
      passed += kept.length;
      if (passed > most) done(new Flaw(`The push is longer than ${most} bytes.`, true));
      else done(null, kept);
    },
  });
}
