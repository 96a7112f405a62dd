import assert from 'node:assert/strict';
import type { Entry } from '../../../src/core/entry.ts';
import { assertSound } from '../../conformance/trial.ts';
import { bytesOf, endOf, type Played } from './trial.ts';

/** The question for the password, which stands before everything that is on record. */
const questionBytes = 9;
const headerBytes = 5;

/** What must hold of every session, whoever lied: fails with what does not. */
export function assertNothingUnrecorded({ record, sent, log }: Played, anyOpening = false): void {
  assert.deepEqual(log, [], 'the gateway had a fault of its own');
  if (record === null || isTurnedAway(record.entries)) {
    assert.equal(sent.target.length, 0, 'the target heard something though nobody was admitted');
    return;
  }
  assertPrefix(sent.target, Buffer.concat(record.released.request), 'what reached the target is on record');
  assert.ok(sent.cancels.length <= record.cancels, 'every cancel that the target heard is on record');
  const answered = Buffer.concat(record.released.reply);
  const opened = anyOpening ? Math.max(questionBytes, sent.client.length - answered.length) : questionBytes;
  const client = withoutKeySecret(sent.client.subarray(opened));
  // Without a recorder the gateway says so past it: the one message that may follow.
  if (record.entries.at(-1)?.kind === 'end') assertPrefix(client, answered, 'what reached the client is on record');
  else assertPrefix(answered, client, 'what reached the client is on record');
}

/** The record is a well-formed one, where there was a recorder to the end. */
export function assertRecordSound({ record }: Played): void {
  if (record !== null) assertSound(record.entries.filter(isInTime(record.entries)).map((entry, sequence) => ({ ...entry, sequence })));
}

/** What a client sends on of a batch that was refused is on record behind the outcome of what was refused. */
function isInTime(entries: readonly Entry[]): (entry: Entry, index: number) => boolean {
  const refused = new Map<number, number>();
  for (const [index, entry] of entries.entries())
    if (entry.kind === 'outcome' && entry.outcome.status === 'refused') refused.set(entry.exchange, index);
  return (entry, index) =>
    !(entry.kind === 'bytes' && entry.direction === 'request' && entry.exchange > 0 && index > (refused.get(entry.exchange) ?? Infinity));
}

/** What is on record was said; only a farewell of the gateway's own may stand behind it. */
export function assertNothingInvented({ record, said }: Played, client: Buffer): void {
  if (record === null) return;
  const asked = bytesOf(record, 'request');
  assertPrefix(asked.subarray(untypedLength(asked)), client, 'what is on record as asked was asked');
  const answered = afterGreeting(bytesOf(record, 'reply'));
  const from = afterGreeting(said);
  let same = 0;
  while (same < answered.length && same < from.length && answered[same] === from[same]) same += 1;
  // The farewell may begin as the target's next message would have begun.
  for (; same >= 0; same -= 1) if (isFarewell(answered.subarray(same))) return;
  assert.fail('what is on record as answered was not answered');
}

/** Every whole message was taken, while both sides are there; one that waits for the target does so where the target owes an answer. */
export function assertNothingLeftBehind({ record, said, overByItself }: Played, client: Buffer, mayWait: boolean): void {
  // Where the target has not let the gateway in, the client waits too.
  if (record === null || overByItself || bytesOf(record, 'reply').length === 0) return;
  const asked = bytesOf(record, 'request');
  assert.ok(mayWait || asked.length - untypedLength(asked) >= wholeLength(client), 'the client’s last messages were never taken');
  const answered = bytesOf(record, 'reply');
  assert.ok(afterGreeting(answered).length >= wholeLength(afterGreeting(said)), 'the target’s last messages were never taken');
}

/** Between a client and a target that both keep to the protocol nothing is lost, added or refused. */
export function assertAllPassed(played: Played, client: Buffer): void {
  const { record, sent, said } = played;
  assert.ok(record);
  const reason = endOf(record.entries);
  assert.match(reason, /^(the client (said goodbye|closed the connection)|the target ended the session)$/);
  assert.equal(afterGreeting(sent.client.subarray(questionBytes)).compare(afterGreeting(said)), 0, 'the client heard all that was said');
  const asked = sent.target.subarray(untypedLength(sent.target));
  assert.ok(reason.includes('target') ? client.indexOf(asked) === 0 : asked.equals(client), 'the target heard all that was asked');
}

/** An honest target is never accused. */
export function assertNotAccused({ record }: Played): void {
  if (record !== null) assert.doesNotMatch(endOf(record.entries), /The target (broke|closed)/);
}

function isTurnedAway(entries: readonly Entry[]): boolean {
  const last = entries.at(-1);
  return last?.kind === 'end' && last.end.status === 'refused';
}

function isFarewell(bytes: Buffer): boolean {
  if (bytes.length === 0) return true;
  return bytes[0] === 0x45 && bytes.length > headerBytes && bytes.readUInt32BE(1) === bytes.length - 1 && bytes.includes('SFATAL\0');
}

function assertPrefix(part: Buffer, whole: Buffer, what: string): void {
  if (part.length <= whole.length && part.equals(whole.subarray(0, part.length))) return;
  const at = part.findIndex((byte, index) => byte !== whole[index]);
  const near = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1', Math.max(0, at - 30), at + 30));
  assert.fail(`${what}: not so from byte ${at} of ${part.length} (against ${whole.length}) on: ${near(part)} against ${near(whole)}`);
}

/** Up to the end of the last message that is whole by its own length. */
export function wholeLength(bytes: Buffer): number {
  let at = 0;
  while (bytes.length - at >= headerBytes) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length || end < at + headerBytes) break;
    at = end;
  }
  return at;
}

function untypedLength(bytes: Buffer): number {
  return bytes.length < 4 ? bytes.length : Math.min(bytes.length, bytes.readUInt32BE(0));
}

function afterGreeting(bytes: Buffer): Buffer {
  for (let at = 0; bytes.length - at >= headerBytes; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (bytes[at] === 0x5a) return bytes.subarray(end);
    at = end;
  }
  return Buffer.alloc(0);
}

function withoutKeySecret(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; copy.length - at >= headerBytes && copy[at] !== 0x5a; ) {
    const end = Math.min(copy.length, at + 1 + copy.readUInt32BE(at + 1));
    if (copy[at] === 0x4b) copy.fill(0, at + 9, end);
    at = end;
  }
  return copy;
}
