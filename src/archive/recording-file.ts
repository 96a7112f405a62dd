import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Entry } from '../core/entry.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import { type Said, SaidSoFar } from '../core/said.ts';
import { isMissing, makePrivateFolder } from './layout.ts';
import { type BlockHead, blockBytes, blockHeaderBytes, encodeBlock, entriesIn, isWhole, readBlockHead } from './recording-block.ts';

/** Appends whole frames as blocks of about 1 MiB, and returns how long the file is then. Nothing is durable before the file is synced. */
export function appendFrames(path: string, frames: readonly Uint8Array[]): number {
  const file = openToAppend(path);
  try {
    let group: Uint8Array[] = [];
    let size = 0;
    for (const frame of frames) {
      group.push(frame);
      size += frame.length;
      if (size < blockBytes) continue;
      writeWhole(file, encodeBlock(group, size));
      group = [];
      size = 0;
    }
    if (size > 0) writeWhole(file, encodeBlock(group, size));
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

function openToAppend(path: string): number {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
  try {
    return openSync(path, flags, 0o600);
  } catch (fault) {
    if (!isMissing(fault)) throw fault;
    makePrivateFolder(dirname(path));
    return openSync(path, flags, 0o600);
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

/** What stands at an offset of a file of this size. A block cut short, or damaged and the last, is a torn tail. */
type BlockRead =
  | { readonly kind: 'block'; readonly head: BlockHead; readonly packed: Buffer }
  | { readonly kind: 'torn' }
  | { readonly kind: 'damaged' };

function judgeHead(header: Buffer, offset: number, size: number): BlockHead | 'torn' | 'damaged' {
  if (header.length < blockHeaderBytes) return 'torn';
  const head = readBlockHead(header);
  if (head === null) return 'damaged';
  return offset + blockHeaderBytes + head.packed > size ? 'torn' : head;
}

function judgeBody(head: BlockHead, packed: Buffer, offset: number, size: number): BlockRead {
  if (isWhole(head, packed)) return { kind: 'block', head, packed };
  return { kind: offset + blockHeaderBytes + head.packed >= size ? 'torn' : 'damaged' };
}

/** A block whose entries were all given: where it ends in the file, how many bytes of entries it holds, what they and those before said. */
export interface BlockEnd {
  readonly offset: number;
  readonly bytes: number;
  readonly said: SaidSoFar;
}

/**
 * Reads a recording's entries before it is appended to, and cuts what cannot be read off its end: the journal still has
 * it, or else the hole shows in the sequence. More than a torn last block is first copied to `<file>.<offset>.damaged`.
 * Yields nothing where there is no file.
 */
export function* reopenRecording(
  path: string,
  cut: (bytes: number, kept: string | null) => void,
  behind?: (block: BlockEnd) => void,
): Generator<Entry> {
  const file = openExisting(path);
  if (file === null) return;
  try {
    const { size } = fstatSync(file);
    const said = new SaidSoFar();
    let offset = 0;
    while (offset < size) {
      const read = readBlockSync(file, offset, size);
      if (read.kind !== 'block') {
        cutTail(file, path, offset, size, read.kind, cut);
        return;
      }
      yield* entriesIn(read.head, read.packed, said);
      offset += blockHeaderBytes + read.head.packed;
      behind?.({ offset, bytes: read.head.plain, said });
    }
  } finally {
    closeSync(file);
  }
}

function openExisting(path: string): number | null {
  try {
    return openSync(path, 'r+');
  } catch (fault) {
    if (isMissing(fault)) return null;
    throw fault;
  }
}

function readBlockSync(file: number, offset: number, size: number): BlockRead {
  const header = readAt(file, offset, blockHeaderBytes);
  const head = judgeHead(header, offset, size);
  if (typeof head === 'string') return { kind: head };
  return judgeBody(head, readAt(file, offset + blockHeaderBytes, head.packed), offset, size);
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
}

function cutTail(
  file: number,
  path: string,
  offset: number,
  size: number,
  kind: 'torn' | 'damaged',
  cut: (bytes: number, kept: string | null) => void,
): void {
  const kept = kind === 'torn' ? null : `${path}.${offset}.damaged`;
  if (kept !== null) writeFileSync(kept, readAt(file, offset, size - offset), { mode: 0o600, flush: true });
  ftruncateSync(file, offset);
  cut(size - offset, kept);
}

/** Where a reader begins: at a block, with what the entries before it have said. */
export interface Beginning {
  readonly offset: number;
  readonly said: Said;
}

/**
 * Every entry of a recording in order, block by block: memory holds one block (at most 17 MiB). A torn tail, as a file that is
 * being written has, ends it. NOT_FOUND where there is no file, INTERNAL where a block is damaged.
 */
export async function* readRecording(path: string, from?: Beginning): AsyncGenerator<Entry> {
  for await (const entry of followRecording(path, from)) {
    if (entry === null) return;
    yield entry;
  }
}

/**
 * The same of a recording that is being written: null says that there is no more for now, and whoever goes on after it is
 * given what was written since. INTERNAL where the file has become shorter, as a start after a power cut may make it.
 */
export async function* followRecording(path: string, from?: Beginning): AsyncGenerator<Entry | null> {
  const file = await openToRead(path);
  try {
    const said = from?.said ?? new SaidSoFar();
    for (let offset = from?.offset ?? 0; ; ) {
      const { size } = await file.stat();
      if (size < offset) throw new ChaperoneError('INTERNAL', `The recording ${path} was cut while it was read.`);
      const read = offset === size ? null : await readBlock(file, offset, size);
      if (read === null || read.kind === 'torn') yield null;
      else if (read.kind === 'damaged') throw new ChaperoneError('INTERNAL', `The recording ${path} is damaged at byte ${offset}.`);
      else {
        yield* named(path, offset, read, said);
        offset += blockHeaderBytes + read.head.packed;
      }
    }
  } finally {
    await file.close();
  }
}

function* named(path: string, offset: number, block: { head: BlockHead; packed: Buffer }, said: Said): Generator<Entry> {
  try {
    yield* entriesIn(block.head, block.packed, said);
  } catch (fault) {
    throw new ChaperoneError('INTERNAL', `The recording ${path} is damaged at byte ${offset}: ${messageOf(fault)}.`, { cause: fault });
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (fault) {
    if (isMissing(fault)) throw new ChaperoneError('NOT_FOUND', 'There is no such recording.', { cause: fault });
    throw fault;
  }
}

async function readBlock(file: FileHandle, offset: number, size: number): Promise<BlockRead> {
  const header = await readFrom(file, offset, Math.min(blockHeaderBytes, size - offset));
  const head = judgeHead(header, offset, size);
  if (typeof head === 'string') return { kind: head };
  return judgeBody(head, await readFrom(file, offset + blockHeaderBytes, head.packed), offset, size);
}

async function readFrom(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
