import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteReader, MalformedBytes } from './byte-reader.ts';

const bytes = Buffer.from([0x01, 0xff, 0xfe, 0x80, 0, 0, 0, 0x41, 0x42, 0, 0x43]);

describe('a byte reader', () => {
  test('reads what is there', () => {
    const reader = new ByteReader(bytes);
    assert.deepEqual([reader.uint8(), reader.int16(), reader.uint32()], [1, -2, 0x80000000]);
    assert.deepEqual([reader.cstring(), reader.left], ['AB', 1]);
    assert.throws(() => reader.finish(), MalformedBytes);
    assert.deepEqual(reader.bytes(1), Buffer.from('C'));
    reader.finish();
  });

  for (const [name, read] of [
    ['uint8', (reader: ByteReader) => reader.uint8()],
    ['int16', (reader: ByteReader) => reader.int16()],
    ['uint16', (reader: ByteReader) => reader.uint16()],
    ['int32', (reader: ByteReader) => reader.int32()],
    ['uint32', (reader: ByteReader) => reader.uint32()],
    ['bytes', (reader: ByteReader) => reader.bytes(1)],
    ['a negative count of bytes', (reader: ByteReader) => reader.bytes(-1)],
    ['a string', (reader: ByteReader) => reader.cstring()],
  ] as const)
    test(`${name} does not reach over the end of its part`, () => {
      assert.throws(() => read(new ByteReader(bytes, 8, 8)), MalformedBytes);
      assert.throws(() => read(new ByteReader(Buffer.alloc(0))), MalformedBytes);
    });

  test('a string whose NUL stands behind the part has no end', () =>
    assert.throws(() => new ByteReader(bytes, 7, 9).cstring(), /has no end/));
  test('a length as large as a length can be is only a wrong length', () =>
    assert.throws(() => new ByteReader(bytes).bytes(0xffff_ffff), MalformedBytes));
});
