import assert from 'node:assert/strict';
import type { Entry } from '../../../src/core/entry.ts';
import { assertSound } from '../../conformance/trial.ts';
import { settingQuestion } from '../../../src/protocols/postgres/setting-question.ts';
import { encodeQuestion } from '../../../src/protocols/postgres/question.ts';
import { mostEarly } from '../../../src/protocols/postgres/early-bytes.ts';
import { replyMessages, requestMessages } from '../../../src/protocols/postgres/messages.ts';
import { message, reply } from '../../../src/protocols/postgres/testing/fixtures.ts';
import { words } from './grammar.ts';
import { find } from '../../e2e/secret-forms.ts';
import { secrets } from './secrets.ts';
import { bytesOf, endOf, type Played, refusal } from './trial.ts';

/** The question for the password, which stands before everything that is on record. */
const questionBytes = 9;
const encodingQuestion = encodeQuestion('show client_encoding', false);
const headerBytes = 5;
const ownWords = Buffer.concat([message.bind('chaperone refused', 'chaperone refused'), message.sync()]);
/** What an honest target answers to the question about the encoding. */
const answers = [reply.closed(), reply.parsed(), reply.bound(), reply.row('UTF8'), reply.complete('SHOW'), reply.closed(), reply.closed()];
const firstAnswer = reply.closed();
/** The target waits for copy data where this is the last that it said. */
const copyIn = reply.copyIn();

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

/**
 * The session went on though its client had left. That happens to a client alone that says more than is kept of it while its target, which
 * never lets the gateway in, is being reached: it is not read any further, and the time for reaching a target is what ends its session.
 */
export function assertUnseenLeaving({ record }: Played, client: Buffer): void {
  const isLetIn = record !== null && bytesOf(record, 'reply').length > 0;
  assert.ok(!isLetIn && client.length > mostEarly, 'the session does not end though its client has left');
}

/** The record is a well-formed one, where there was a recorder to the end. */
export function assertRecordSound({ record }: Played): void {
  if (record !== null) assertSound(record.entries);
}

/** What is on record was said; only a farewell of the gateway's own may stand behind it. */
export function assertNothingInvented({ record, said, sent }: Played, client: Buffer, lies: boolean): void {
  if (record === null) return;
  const asked = withoutOwnWords(bytesOf(record, 'request'));
  assertPrefix(asked.subarray(untypedLength(asked)), client, 'what is on record as asked was asked');
  const heard = afterGreeting(bytesOf(record, 'reply'));
  // The gateway's own words stand in place of the target's then; what is hidden in data that is cut short is a statement like any.
  const isRefused = heard.includes('MFunctionCall of') || heard.includes(refusal.message);
  const told = without(afterGreeting(said), Buffer.concat(answers));
  // What a liar answers to the gateway's own question nobody else hears.
  if (lies && sent.target.includes(encodingQuestion)) return;
  const [answered, from] = [heard, told].map((bytes) => (isRefused ? withoutErrors(bytes) : bytes)) as [Buffer, Buffer];
  if (!wasSaid(answered, from, questionsIn(sent.target))) assert.fail('what is on record as answered was not answered');
}

/** Whether all of it was said, but for a farewell. Of a question that fails with its transaction nobody hears the first answer. */
function wasSaid(answered: Buffer, from: Buffer, questions: number): boolean {
  let same = 0;
  while (same < answered.length && same < from.length && answered[same] === from[same]) same += 1;
  // The farewell may begin as the target's next message would have begun.
  for (let at = same; at >= 0; at -= 1) if (isFarewell(answered.subarray(at))) return true;
  const isUnheard = questions > 0 && from.indexOf(firstAnswer, same) === same;
  return isUnheard && wasSaid(answered, Buffer.concat([from.subarray(0, same), from.subarray(same + firstAnswer.length)]), questions - 1);
}

function questionsIn(asked: Buffer): number {
  return asked.toString('latin1').split(encodingQuestion.toString('latin1')).length - 1;
}

/** Every whole message was taken, while both sides are there; one may wait for a target that lies, and never answers what it owes. */
export function assertNothingLeftBehind({ record, said, sent, overByItself }: Played, client: Buffer, lies: boolean): void {
  // Where the target has not let the gateway in, the client waits too.
  if (record === null || overByItself || bytesOf(record, 'reply').length === 0) return;
  const asked = withoutOwnWords(bytesOf(record, 'request'));
  assert.ok(lies || asked.length - untypedLength(asked) >= wholeLength(client), 'the client’s last messages were never taken');
  const answered = bytesOf(record, 'reply');
  if (lies && sent.target.includes(encodingQuestion)) return;
  const told = without(afterGreeting(said), Buffer.concat(answers));
  const unheard = questionsIn(sent.target) * firstAnswer.length;
  assert.ok(afterGreeting(answered).length >= wholeLength(told) - unheard, 'the target’s last messages were never taken');
}

/** Between a client and a target that both keep to the protocol nothing is lost, added or refused. */
export function assertAllPassed(played: Played, client: Buffer): void {
  const { record, sent, said } = played;
  assert.ok(record);
  const reason = endOf(record.entries);
  const asked = withoutOwnWords(sent.target.subarray(untypedLength(sent.target)));
  const told = without(afterGreeting(said), Buffer.concat(answers));
  const heard = afterGreeting(sent.client.subarray(questionBytes));
  if (reason.endsWith('does not pass while the target waits for copy data.')) {
    // A client that asks where it owes copy data does not keep to it; the target would end the session too.
    assert.ok(said.subarray(-copyIn.length).equals(copyIn), 'the target does not wait for copy data');
    assertPrefix(asked, client, 'the target heard what was asked');
    assertPrefix(told, heard, 'the client heard all that was said');
    return;
  }
  assert.match(reason, /^(the client (said goodbye|closed the connection)|the target ended the session)$/);
  assert.equal(heard.compare(told), 0, 'the client heard all that was said');
  assert.ok(reason.includes('target') ? client.indexOf(asked) === 0 : asked.equals(client), 'the target heard all that was asked');
}

/** The target hears whole messages, and none that asks for what is refused. */
export function assertNothingRefusedPassed({ sent }: Played): void {
  for (let at = untypedLength(sent.target); sent.target.length - at >= headerBytes; at += 1 + sent.target.readUInt32BE(at + 1)) {
    const type = sent.target.toString('latin1', at, at + 1);
    assert.ok(Object.hasOwn(requestMessages, type), `the target heard a message of type ${JSON.stringify(type)}`);
    const text = sent.target.subarray(at, at + 1 + sent.target.readUInt32BE(at + 1));
    assert.ok(type === 'd' || !text.includes(words.refused), 'the target heard what is refused');
  }
}

/** An honest target is never accused. */
export function assertNotAccused({ record }: Played): void {
  if (record !== null) assert.doesNotMatch(endOf(record.entries), /The target (broke|closed)/);
}

/** Nothing that must not be seen was sent to the client, or is on record. */
export function assertNoSecret({ record, sent }: Played): void {
  const kept =
    record === null
      ? []
      : record.entries.map((entry) => ('bytes' in entry ? Buffer.from(entry.bytes) : Buffer.from(JSON.stringify(entry))));
  const haystacks = [
    { where: 'what the client was sent', bytes: sent.client },
    { where: 'the record', bytes: Buffer.concat(kept) },
  ];
  assert.deepEqual(find(secrets, haystacks), []);
}

/** However a target lies, its client hears messages of types that there are, and none that is cut but the last. */
export function assertWholeMessages({ sent }: Played): void {
  const heard = sent.client.subarray(questionBytes);
  const whole = wholeLength(heard);
  for (let at = 0; at < whole; at += 1 + heard.readUInt32BE(at + 1)) {
    const type = heard.toString('latin1', at, at + 1);
    assert.ok(Object.hasOwn(replyMessages, type), `the client heard a message of type ${JSON.stringify(type)}`);
  }
}

/**
 * A masked answer has the messages that the target said, in their order; copies may be cut otherwise. How often the target was ready
 * for the gateway alone is told by what this has asked apart, and not when: what it asks within a batch that has failed is dropped.
 */
export function assertSameMessages({ record, sent, said }: Played): void {
  assert.ok(record);
  if (endOf(record.entries).endsWith('does not pass while the target waits for copy data.')) return;
  const told = typesOf(without(withoutSettings(afterGreeting(said)), Buffer.concat(answers)));
  const answered = afterGreeting(sent.client.subarray(questionBytes));
  // A copy by a name of which nobody can tell any more what it stands for ends the session, with a farewell for who has not said goodbye.
  const heard = typesOf(record.entries.some(isCut) ? withoutFarewell(answered) : answered);
  if (record.entries.some(isCut)) return assert.ok(told.replaceAll('Z', '').startsWith(heard.replaceAll('Z', '')), `${heard} of ${told}`);
  assert.equal(heard.replaceAll('Z', ''), told.replaceAll('Z', ''));
  const apart = sent.target.toString('latin1').split(encodeQuestion(settingQuestion, true).toString('latin1')).length - 1;
  const ready = (types: string) => types.split('Z').length;
  assert.ok(ready(heard) <= ready(told) && ready(heard) >= ready(told) - apart, `${heard} of ${told}`);
}

/** What the gateway is told of a session where it asks. */
function withoutSettings(said: Buffer): Buffer {
  const [before, after] = [
    [reply.closed(), reply.parsed(), reply.bound()],
    [reply.complete('SELECT 1'), reply.closed(), reply.closed()],
  ].map((messages) => RegExp.escape(Buffer.concat(messages).toString('latin1')));
  const answer = new RegExp(`${before}D[^]{10}\\{"path":\\["pg_catalog"[^]*?${after}`, 'g');
  return Buffer.from(said.toString('latin1').replaceAll(answer, ''), 'latin1');
}

function isCut(entry: Entry): boolean {
  return entry.kind === 'outcome' && entry.outcome.status === 'cut';
}

function typesOf(bytes: Buffer): string {
  let types = '';
  const whole = wholeLength(bytes);
  for (let at = 0; at < whole; at += 1 + bytes.readUInt32BE(at + 1)) types += bytes.toString('latin1', at, at + 1);
  return types.replaceAll(/d+/g, 'd');
}

function isTurnedAway(entries: readonly Entry[]): boolean {
  const last = entries.at(-1);
  return last?.kind === 'end' && last.end.status === 'refused';
}

function isFarewell(bytes: Buffer): boolean {
  if (bytes.length === 0) return true;
  return bytes[0] === 0x45 && bytes.length > headerBytes && bytes.readUInt32BE(1) === bytes.length - 1 && bytes.includes('SFATAL\0');
}

function withoutFarewell(bytes: Buffer): Buffer {
  let last = 0;
  for (let at = 0, whole = wholeLength(bytes); at < whole; at += 1 + bytes.readUInt32BE(at + 1)) last = at;
  return isFarewell(bytes.subarray(last)) ? bytes.subarray(0, last) : bytes;
}

function assertPrefix(part: Buffer, whole: Buffer, what: string): void {
  if (part.length <= whole.length && part.equals(whole.subarray(0, part.length))) return;
  const at = part.findIndex((byte, index) => byte !== whole[index]);
  const near = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1', Math.max(0, at - 30), at + 30));
  assert.fail(`${what}: not so from byte ${at} of ${part.length} (against ${whole.length}) on: ${near(part)} against ${near(whole)}`);
}

/** Without what the gateway asks by itself: in place of a call that it refuses, and about the encoding. */
function withoutOwnWords(bytes: Buffer): Buffer {
  return without(without(bytes, ownWords), encodingQuestion);
}

function without(bytes: Buffer, part: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(part); at !== -1; at = bytes.indexOf(part, from)) {
    kept.push(bytes.subarray(from, at));
    from = at + part.length;
  }
  return Buffer.concat([...kept, bytes.subarray(from)]);
}

function withoutErrors(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  let at = 0;
  for (const whole = wholeLength(bytes); at < whole; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (bytes[at] !== 0x45 || bytes.subarray(at, end).includes('SFATAL\0')) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, bytes.subarray(at)]);
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
