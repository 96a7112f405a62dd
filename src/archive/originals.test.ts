import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Entry, EntryBody } from '../core/entry.ts';
import { sessionBytes } from '../core/frame.ts';
import { createId } from '../core/identifier.ts';
import { Seal, type SessionKey } from '../core/originals.ts';
import { AuditorKey } from './auditor-key.ts';
import { withOriginals } from './originals.ts';

const session = createId();
let identity: string;
let key: SessionKey;

before(async () => {
  identity = await generateX25519Identity();
  const recipients = [await identityToRecipient(identity)];
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const bytes = randomBytes(32);
  key = { key: bytes, recipients, wrapped: armor.encode(await encrypter.encrypt(bytes)) };
});

type Numbered = EntryBody & { readonly exchange: number };

/** A session with an answer of two masked pieces, one of them in two entries, and one that is not masked. `lost`: the first was not kept. */
function entries(lost = false): Entry[] {
  const seal = new Seal({ key: () => Promise.reject(new Error('none')), unused: () => {} }, key);
  const all: Entry[] = [];
  const add = (body: Numbered) => all.push({ session, sequence: all.length, at: 0, ...body });
  const sealed = (text: string, standsFor: number): Numbered => {
    const place = { session: sessionBytes(session), exchange: 1, sequence: all.length };
    return { kind: 'sealed', exchange: 1, direction: 'reply', bytes: seal.seal(place, Buffer.from(text), standsFor) };
  };
  const said = (text: string): Numbered => ({ kind: 'bytes', exchange: 1, direction: 'reply', bytes: Buffer.from(text) });
  add({ kind: 'key', exchange: 0, recipients: key.recipients, wrapped: key.wrapped });
  const first = sealed('ada@example.com', 3);
  if (lost) add({ kind: 'gap', exchange: 1, direction: 'reply', count: 3, reason: 'the disk was full' });
  else for (const body of [first, said('a**')]) add(body);
  add(said('plain'));
  add(sealed('bob', 0));
  add(sealed('@example.com', 5));
  add(said('b**'));
  add(said('**'));
  return all;
}

async function opened(of: readonly Entry[]): Promise<string[]> {
  const auditor = AuditorKey.from(`# a comment\n${identity}\n`);
  assert.ok(auditor);
  const texts: string[] = [];
  const given = (async function* () {
    yield* of;
  })();
  for await (const entry of withOriginals(given, auditor))
    if (entry.kind === 'bytes') texts.push(`${entry.original ? '!' : ''}${Buffer.from(entry.bytes).toString()}`);
  return texts;
}

const numbered = (all: readonly Entry[]) => all.map((entry, sequence) => ({ ...entry, sequence }));
function tampered(all: Entry[]): Entry[] {
  return all.map((entry, place) => {
    if (entry.kind !== 'sealed' || place !== 1) return entry;
    const bytes = Buffer.from(entry.bytes);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    return { ...entry, bytes };
  });
}
const swapped = ([head, one, plain, more, first, second, ...rest]: Entry[]): Entry[] =>
  numbered([head, first, plain, more, one, second, ...rest].filter((entry) => entry !== undefined));

describe('what was sealed', () => {
  test('stands in the place of what masking made of it', async () =>
    assert.deepEqual(await opened(entries()), ['!ada@example.com', 'plain', '!bob', '!@example.com']));

  test('leaves what was masked where the session ended between the two', async () =>
    assert.deepEqual(
      await opened([
        ...entries().slice(0, 2),
        { session, sequence: 2, at: 0, exchange: 0, kind: 'end', end: { status: 'interrupted', reason: '' } },
      ]),
      ['!ada@example.com'],
    ));

  test('may be missing where the record says that it could not be kept', async () =>
    assert.deepEqual(await opened(entries(true)), ['plain', '!bob', '!@example.com']));

  for (const [name, change, says] of [
    ['a changed piece', tampered, /The sealed original at entry 1 is not what was sealed there/],
    ['pieces that changed places', swapped, /is not what was sealed there/],
    ['a piece that is gone', (all: Entry[]) => all.toSpliced(1, 1), /Entries 1 to 1 of the recording are missing/],
    ['the same, with what follows numbered anew', (all: Entry[]) => numbered(all.toSpliced(1, 1)), /is not what was sealed there/],
    ['the key that is gone', (all: Entry[]) => numbered(all.slice(1)), /The key to the sealed original at entry 0 is missing/],
    ['another key', (all: Entry[]) => numbered([...all.slice(0, 1), ...all]), /is a second key/],
    [
      'a piece cut short',
      (all: Entry[]) => all.map((entry) => (entry.kind === 'sealed' ? { ...entry, bytes: entry.bytes.subarray(0, 20) } : entry)),
      /is not what was sealed there/,
    ],
  ] as const)
    test(`${name} is said`, async () => assert.rejects(opened(change(entries())), says));

  test('a file that holds no private key is none', () => {
    for (const text of ['', '# nothing\n', 'age1abc', 'AGE-SECRET-KEY-1QQQ', `${identity}\nand more`])
      assert.equal(AuditorKey.from(text), null);
  });
});
