import assert from 'node:assert/strict';
import type { Direction, Entry } from '../../src/core/entry.ts';
import { readEntries } from '../../src/archive/read.ts';
import type { TappedLine } from '../rig/tap.ts';

/*
 * Compares what crossed the wire with what is on record, byte by byte. A tap before the gateway and one behind it saw what
 * the gateway sent and what it was sent, so that the record is held from both sides:
 *     what the gateway sent  ⊆  the record  ⊆  what the gateway was sent
 * each a prefix of the next. Left out is what is never on record: the token, the login at the target, and the secret of the
 * cancel key.
 */

/** The bytes of one direction each. */
export type Crossed = { readonly [direction in Direction]: Buffer };

/** What was seen of one session at both sides of the gateway, by the run that its start-up message names. */
export interface Witness {
  readonly run: string;
  client: Crossed;
  target: Crossed;
}

const nothing: Crossed = { request: Buffer.alloc(0), reply: Buffer.alloc(0) };

/** Pairs the connections of the two taps. Those whose client said nothing yet are left out. */
export function witnesses(before: readonly TappedLine[], behind: readonly TappedLine[]): Map<string, Witness> {
  const found = new Map<string, Witness>();
  for (const line of before) {
    const run = runOf(line.request);
    if (run !== null) found.set(run, { run, client: withoutToken(line), target: nothing });
  }
  for (const line of behind) {
    const witness = found.get(runOf(line.request) ?? '');
    if (witness) witness.target = withoutLogin(line);
  }
  return found;
}

/** The bytes on record of one session, the shown ones and the withheld ones alike being in order. */
export async function recorded(state: string, session: string): Promise<Crossed & { readonly entries: readonly Entry[] }> {
  const entries: Entry[] = await Array.fromAsync(readEntries(state, session));
  const of = (direction: Direction) =>
    Buffer.concat(entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === direction ? [entry.bytes] : [])));
  return { request: of('request'), reply: of('reply'), entries };
}

/** Fails where a byte that the gateway sent is not on record, or one is on record that the gateway was never sent. */
export function assertWhole(witness: Witness, record: Crossed, more: { readonly ownWords: boolean } = { ownWords: false }): void {
  const { run, client, target } = witness;
  assertPrefix(target.request, record.request, `${run}: what reached the target is on record`);
  assertPrefix(client.reply, record.reply, `${run}: what reached the client is on record`);
  assertPrefix(afterStartup(record.request), client.request, `${run}: what is on record as asked was asked`);
  // What the gateway says itself stands in the record and never came from the target.
  if (!more.ownWords) assertPrefix(afterGreeting(record.reply), target.reply, `${run}: what is on record as answered was answered`);
}

function assertPrefix(part: Buffer, whole: Buffer, what: string): void {
  if (part.length <= whole.length && part.equals(whole.subarray(0, part.length))) return;
  const at = part.findIndex((byte, index) => byte !== whole[index]);
  const around = (bytes: Buffer) => bytes.toString('latin1', Math.max(0, at - 40), at + 40);
  assert.fail(
    `${what}: ${part.length} bytes against ${whole.length}, different from byte ${at} on:\n${around(part)}\nagainst\n${around(whole)}`,
  );
}

/** The client's side behind its start-up message and its token, and behind the gateway's question for it. */
function withoutToken({ request, reply }: TappedLine): Crossed {
  const password = skipUntyped(request);
  const question = 9;
  return { request: request.subarray(skipTyped(request, password)), reply: withoutKeySecret(reply.subarray(question)) };
}

/** The target's side: the start-up message, and what follows the login. */
function withoutLogin({ request, reply }: TappedLine): Crossed {
  const startup = skipUntyped(request);
  let login = startup;
  while (request[login] === 0x70) login = skipTyped(request, login);
  return { request: Buffer.concat([request.subarray(0, startup), request.subarray(login)]), reply: afterGreeting(reply) };
}

function afterStartup(request: Buffer): Buffer {
  return request.subarray(skipUntyped(request));
}

/** What follows the first ReadyForQuery. */
function afterGreeting(reply: Buffer): Buffer {
  for (let at = 0; at < reply.length; at = skipTyped(reply, at)) if (reply[at] === 0x5a) return reply.subarray(skipTyped(reply, at));
  return Buffer.alloc(0);
}

/** The gateway's record has zeros in place of the secret in BackendKeyData. */
function withoutKeySecret(reply: Buffer): Buffer {
  const copy = Buffer.from(reply);
  for (let at = 0; at < copy.length && copy[at] !== 0x5a; at = skipTyped(copy, at))
    if (copy[at] === 0x4b) copy.fill(0, at + 9, Math.min(skipTyped(copy, at), copy.length));
  return copy;
}

function skipUntyped(bytes: Buffer): number {
  return bytes.length < 4 ? bytes.length : Math.min(bytes.length, bytes.readUInt32BE(0));
}

function skipTyped(bytes: Buffer, at: number): number {
  return bytes.length - at < 5 ? bytes.length : Math.min(bytes.length, at + 1 + bytes.readUInt32BE(at + 1));
}

function runOf(request: Buffer): string | null {
  return /;run=([A-Za-z0-9._:@/+-]+)/.exec(request.toString('latin1', 0, skipUntyped(request)))?.[1] ?? null;
}
