import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { EntryBody } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import type { Decoder } from '../core/protocol.ts';
import { openCatalog } from './catalog.ts';
import { decodeRecording, type Excerpt } from './decoded.ts';
import { readExcerpt } from './excerpt.ts';
import { catalogPath, recordingPath } from './layout.ts';
import { readEntries } from './read.ts';
import type { Catalog } from './run-items.ts';
import { archiveWhole, exchange, linesDecoder, opening, TestJournal } from './test-journal.ts';

const pieces = 1_500;
const mebibyte = 1024 * 1024;
/** What a reader may have to decode before it comes to what is wanted: the way from a checkpoint, and the batch that it was made behind. */
const mostBefore = 5 * mebibyte;

/** 24 MB whose bytes do not pack well, cut where no line ends, with small exchanges before and behind. */
function write(journal: TestJournal): string {
  const id = createId(journal.now);
  journal.put(id, 0, opening(id, journal.now));
  for (let ordinal = 1; ordinal <= 40; ordinal += 1)
    journal.put(id, ordinal, ...exchange('select small', [`b${ordinal}`], [`c${ordinal}`]));
  const [asked, decided, bound, , ended] = exchange('select large', ['x'], []);
  assert.ok(asked && decided && bound && ended);
  journal.put(id, 41, asked, decided, bound);
  for (let piece = 0; piece < pieces; piece += 1) {
    const bytes = Buffer.from(randomBytes(12 * 1024).toString('base64'));
    for (let at = piece % 100; at < bytes.length; at += 100) bytes[at] = 0x0a;
    journal.put(id, 41, { kind: 'bytes', direction: 'reply', bytes } satisfies EntryBody);
    if (piece === pieces / 2) journal.roll();
  }
  journal.put(id, 41, ended);
  for (let ordinal = 42; ordinal <= 80; ordinal += 1)
    journal.put(id, ordinal, ...exchange('select late', [`b${ordinal}`], [`c${ordinal}`]));
  journal.put(id, 0, { kind: 'end', end: { status: 'ended', reason: 'The client left.' } });
  return id;
}

describe('an excerpt of a long recording', () => {
  const journal = new TestJournal();
  let id = '';
  let catalog: Catalog;
  let decodedBytes = 0;
  const faults: string[] = [];

  const decoders = (protocol: string, saved?: Parameters<typeof linesDecoder>[1]): Decoder => {
    const decoder = linesDecoder(protocol, saved);
    return {
      ...decoder,
      bytes: (ordinal, direction, bytes) => {
        decodedBytes += bytes.length;
        return decoder.bytes(ordinal, direction, bytes);
      },
    };
  };
  const read = async (excerpt: Excerpt) => {
    decodedBytes = 0;
    const sources = { state: journal.state, catalog, decoders, log: (message: string) => void faults.push(message) };
    return await Array.fromAsync(readExcerpt(sources, id, excerpt));
  };
  const readSlowly = (excerpt: Excerpt) => Array.fromAsync(decodeRecording(readEntries(journal.state, id), linesDecoder(), excerpt));
  const last = () => catalog.lastSequence(id) ?? assert.fail();

  before(async () => {
    id = write(journal);
    catalog = await archiveWhole(journal);
  });
  after(() => {
    catalog.close();
    journal.remove();
  });

  const wanted = (): Excerpt[] => [
    ...Array.from({ length: 12 }, (_, part) => ({ from: Math.floor((last() * part) / 11), limit: 3 })),
    ...[1, 40, 42, 60, 80].map((ordinal) => ({ exchange: ordinal })),
    { exchange: 41, from: 1_000, limit: 2 },
    { exchange: 41, from: last(), limit: 2 },
    { exchange: 42, from: 500 },
    { from: last() + 1 },
  ];

  it('is the same as what reading from the beginning gives, and little else is decoded', async () => {
    for (const excerpt of wanted()) {
      assert.deepEqual(await read(excerpt), await readSlowly(excerpt), JSON.stringify(excerpt));
      assert.ok(decodedBytes < mostBefore, `${decodedBytes} bytes for ${JSON.stringify(excerpt)}`);
    }
    assert.deepEqual(faults, []);
  });

  it('is the same after the catalog was made anew', async () => {
    catalog.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(catalogPath(journal.state) + suffix, { force: true });
    catalog = await archiveWhole(journal);
    for (const excerpt of wanted()) {
      assert.deepEqual(await read(excerpt), await readSlowly(excerpt), JSON.stringify(excerpt));
      assert.ok(decodedBytes < mostBefore, `${decodedBytes} bytes for ${JSON.stringify(excerpt)}`);
    }
    assert.deepEqual(faults, []);
  });

  it('is not looked for in what stands far before it', async () => {
    const excerpt = { from: last() - 100 };
    const expected = await readSlowly(excerpt);
    const path = recordingPath(journal.state, id);
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.from(whole).fill(0, 0, Math.floor(whole.length / 2)));
    try {
      assert.deepEqual(await read(excerpt), expected);
      await assert.rejects(read({ from: 5, limit: 1 }), { code: 'INTERNAL' });
    } finally {
      writeFileSync(path, whole);
    }
  });

  it('is read from the beginning where a checkpoint is not to be used, and that is said', async () => {
    const excerpt = { from: last() - 10 };
    const checkpoint = catalog.checkpoint(id, excerpt) ?? assert.fail();
    const elsewhere = [
      { ...checkpoint, offset: 0 },
      { ...checkpoint, offset: checkpoint.offset + 1 },
      { ...checkpoint, offset: 2 ** 40 },
      { ...checkpoint, state: Buffer.from('nothing') },
    ];
    for (const other of elsewhere) {
      faults.length = 0;
      const misled = { session: (of: string) => catalog.session(of), checkpoint: () => other };
      const sources = { state: journal.state, catalog: misled, decoders, log: (message: string) => void faults.push(message) };
      assert.deepEqual(await Array.fromAsync(readExcerpt(sources, id, excerpt)), await readSlowly(excerpt));
      assert.match(faults.join(), /cannot be used/);
    }
  });

  it('finds no checkpoint of a session that was deleted', () => {
    const other = openCatalog(journal.state);
    assert.equal(other.checkpoint(createId(), { from: 1_000_000 }), null);
    other.close();
  });
});
