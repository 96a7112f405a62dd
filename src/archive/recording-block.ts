import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import type { Entry } from '../core/entry.ts';
import { frameHeaderBytes, maxPayloadBytes, readFrame } from '../core/frame.ts';
import type { Said } from '../core/said.ts';

/**
 * How a recording stands on disk: blocks, one after another. A block is a zstd skippable frame of 28 bytes (all numbers
 * little-endian: u32 0x184D2A50 · u32 20 · u32 marker · u32 compressed bytes · u32 entries' bytes · u32 CRC-32 of the
 * compressed bytes · u32 CRC-32 of the three numbers before that) and then one zstd frame that holds whole entries. So
 * `zstd -d` reads the file as it is, and a reader here finds each block's bounds without decompressing the ones before. An entry
 * may repeat one of an earlier block; blocks with the first marker have no such entries.
 */
export const blockHeaderBytes = 28;
const skippableMagic = 0x184d2a50;
const marker = 0x32524843;
const firstMarker = 0x31524843;
/** Blocks are closed at this size; a block is larger only by its last entry. */
export const blockBytes = 1024 * 1024;
/** No block of ours is larger: what claims to be is damage, and is not decompressed. */
const maxBlockBytes = blockBytes + maxPayloadBytes + frameHeaderBytes + 4096;
const level = { [constants.ZSTD_c_compressionLevel]: 3 };

/** One block of whole frames. */
export function encodeBlock(frames: readonly Uint8Array[], size: number): Buffer {
  const plain = Buffer.concat(frames, size);
  const packed = zstdCompressSync(plain, { params: level, pledgedSrcSize: size });
  const block = Buffer.allocUnsafe(blockHeaderBytes + packed.length);
  block.writeUInt32LE(skippableMagic, 0);
  block.writeUInt32LE(blockHeaderBytes - 8, 4);
  block.writeUInt32LE(marker, 8);
  block.writeUInt32LE(packed.length, 12);
  block.writeUInt32LE(size, 16);
  block.writeUInt32LE(crc32(packed), 20);
  block.writeUInt32LE(crc32(block.subarray(8, 20)), 24);
  block.set(packed, blockHeaderBytes);
  return block;
}

export interface BlockHead {
  readonly packed: number;
  readonly plain: number;
  readonly checksum: number;
}

/** A block's 28 header bytes, or null where they are damaged. */
export function readBlockHead(header: Buffer): BlockHead | null {
  const found = header.readUInt32LE(8);
  if (header.readUInt32LE(0) !== skippableMagic || (found !== marker && found !== firstMarker)) return null;
  if (header.readUInt32LE(24) !== crc32(header.subarray(8, 20))) return null;
  const head = { packed: header.readUInt32LE(12), plain: header.readUInt32LE(16), checksum: header.readUInt32LE(20) };
  return head.plain > maxBlockBytes || head.packed > maxBlockBytes + 65_536 ? null : head;
}

/** Whether these are the compressed bytes that the header was written for. */
export function isWhole(head: BlockHead, packed: Buffer): boolean {
  return packed.length === head.packed && crc32(packed) === head.checksum;
}

/** The entries of one block; `said` is that of the blocks before it. Throws where the block does not hold what its header says. */
export function* entriesIn(head: BlockHead, packed: Buffer, said: Said): Generator<Entry> {
  const plain = unpack(head, packed);
  let offset = 0;
  for (;;) {
    const read = readFrame(plain, offset, said);
    if (read.kind === 'end') return;
    if (read.kind !== 'entry') throw new ChaperoneError('INTERNAL', `an entry ${offset} bytes into a block is ${read.kind}`);
    yield read.entry;
    offset = read.next;
  }
}

function unpack(head: BlockHead, packed: Buffer): Buffer {
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(packed, { maxOutputLength: Math.max(head.plain, 1) });
  } catch (fault) {
    throw new ChaperoneError('INTERNAL', `a block cannot be decompressed: ${messageOf(fault)}`, { cause: fault });
  }
  if (plain.length !== head.plain) throw new ChaperoneError('INTERNAL', `a block holds ${plain.length} bytes, not ${head.plain}`);
  return plain;
}
