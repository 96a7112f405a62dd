import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Direction } from '../../core/entry.ts';
import { FrameReader, letter } from './framing.ts';
import { openSite, type Site } from './testing/site.ts';

process.env['CHAPERONE_TEST_HTTP_KEY'] = 'key-of-the-target-0815';
const key = 'key-of-the-target-0815';
const credentials = { header: 'X-Api-Key', value: { env: 'CHAPERONE_TEST_HTTP_KEY' } };
const megabytes = 12;

/** What a target at a path answers: noise that differs from path to path, with its credential here and there. */
function bodyAt(path: string): Buffer {
  const body = bodies.get(path) ?? randomBytes(megabytes * 1_000_000);
  bodies.set(path, body);
  // Where a read may end, so that some are cut; seldom, for what it is taken out of is a copy.
  for (let at = 65_530; at < body.length - 100; at += 24 * 65_536) body.write(key, at, 'latin1');
  return body;
}
const bodies = new Map<string, Buffer>();

function starred(body: Buffer): Buffer {
  const clean = Buffer.from(body);
  for (let at = clean.indexOf(key); at !== -1; at = clean.indexOf(key, at)) clean.fill('*', at, at + key.length);
  return clean;
}

const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Reads the answer as it comes, or with a rest after each piece. */
async function fetched(site: Site, path: string, rests: boolean): Promise<string> {
  const asked = get(site.url(path), { headers: { authorization: `Bearer ${site.token}` }, agent: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const hash = createHash('sha256');
  let pieces = 0;
  for await (const piece of response) {
    hash.update(piece as Buffer);
    pieces += 1;
    if (rests && pieces % 8 === 0) for (let turns = 0; turns < 20; turns += 1) await turn();
  }
  return hash.digest('hex');
}

/** Sends a body, and gives what the target says of it. */
async function sentTo(site: Site, path: string, inChunks: boolean): Promise<string> {
  const body = bodyAt(path);
  const length = inChunks ? {} : { 'content-length': body.length };
  const asked = request(site.url(path), { method: 'PUT', headers: { authorization: `Bearer ${site.token}`, ...length }, agent: false });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return text(response);
}

/** The bodies on record, by exchange. */
async function recordedSums(site: Site, direction: Direction): Promise<string[]> {
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  const readers = new Map<number, FrameReader>();
  for (const entry of await site.settled()) {
    if (entry.kind !== 'bytes' || entry.direction !== direction) continue;
    const hash = hashes.get(entry.exchange) ?? createHash('sha256');
    hashes.set(entry.exchange, hash);
    const reader =
      readers.get(entry.exchange) ??
      new FrameReader((kind, payload) => {
        if (kind === letter.body) hash.update(payload);
      });
    readers.set(entry.exchange, reader);
    reader.read(Buffer.from(entry.bytes));
  }
  return [...hashes.values()].map((hash) => hash.digest('hex'));
}

describe('long bodies at once', () => {
  for (const way of ['by length', 'in chunks', 'coded'] as const)
    test(`${way} come to clients and record as they are, the credential apart`, async () => {
      await using site = await openSite(
        ({ url }, response) => {
          const body = bodyAt(url);
          if (way === 'coded')
            response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' }).end(gzipSync(body));
          else if (way === 'by length')
            response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length }).end(body);
          else {
            response.writeHead(200, { 'content-type': 'application/octet-stream' });
            for (let at = 0, size = 1; at < body.length; at += size) {
              size = 1 + ((at * 31) % 200_000);
              response.write(body.subarray(at, at + size));
            }
            response.end();
          }
        },
        { credentials },
      );
      const paths = ['/one', '/two', '/three', '/four'];
      const wanted = paths.map((path) => sumOf(starred(bodyAt(path))));
      const sums = await Promise.all(paths.map((path, index) => fetched(site, path, index % 2 === 1)));
      assert.deepEqual(sums, wanted);
      assert.deepEqual((await recordedSums(site, 'reply')).toSorted(), wanted.toSorted());
    });

  test('come from clients to the target and record as they are, however slowly they are read', async () => {
    await using site = await openSite(() => {}, {
      listener: (asked, response) =>
        void (async () => {
          const hash = createHash('sha256');
          let pieces = 0;
          for await (const piece of asked) {
            hash.update(piece as Buffer);
            pieces += 1;
            if (pieces % 8 === 0) for (let turns = 0; turns < 20; turns += 1) await turn();
          }
          response.end(hash.digest('hex'));
        })(),
    });
    const paths = ['/five', '/six', '/seven', '/eight'];
    const wanted = paths.map((path) => sumOf(bodyAt(path)));
    assert.deepEqual(await Promise.all(paths.map((path, index) => sentTo(site, path, index % 2 === 1))), wanted);
    assert.deepEqual((await recordedSums(site, 'request')).toSorted(), wanted.toSorted());
  });
});
