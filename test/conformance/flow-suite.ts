import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Action } from '../../src/core/action.ts';
import type { Direction } from '../../src/core/entry.ts';
import type { Session } from '../../src/core/session.ts';
import type { Stages } from '../../src/core/stages.ts';
import { type Permit, type Question, type Refusal, refuse, type Verdict } from '../../src/core/verdict.ts';
import { everybody } from '../rig/data-plane.ts';
import type { ProtocolFolder } from './folder.ts';
import { failingRecorder } from './recorder.ts';
import type { Tap, TappedLine } from '../rig/tap.ts';
import type { ConformanceClient, ConformanceTarget } from './rig.ts';
import { assertSound, bytesOf, door, exchangeOf, openTrial, statusOf, type Trial, verdictOf } from './trial.ts';

const refusal = refuse('ACCESS_REFUSED', 'The test does not permit this.', 'Leave the word out.');
const grounds = { policies: ['ask-first'], version: 'test' };
const question: Question = { kind: 'question', what: 'Asking', rules: ['ask-first'], groups: ['dba'], reasons: [], grounds };

/** Judges by a word in the text. */
function judgeBy(word: string, verdict: () => Verdict | Promise<Verdict>): Stages['judge'] {
  return (_circumstance, action: Action) => (action.text.includes(word) ? verdict() : everybody);
}

export function flowSuite(folder: ProtocolFolder): void {
  const { rig } = folder;
  let target: ConformanceTarget;
  before(async () => {
    target = await rig.startTarget();
  });
  after(() => target?.stop());

  const trial = (options: Parameters<typeof openTrial>[2] = {}): Promise<Trial> => openTrial(folder, target, options);

  describe('keeps the one flow', () => {
    test('what is permitted works, and every byte is on record', async () => {
      await using here = await trial();
      await openFirst(here);
      const client = await here.connect();
      for (const mark of ['red-1', 'red-2', 'red-3']) {
        const answer = await client.ask(mark);
        assert.equal(answer.kind, 'answered');
        assert.ok(answer.text.includes(mark));
      }
      await client.leave();
      const entries = await newest(here);
      assertSound(entries);
      assertWhole(here, entries);
      for (const mark of ['red-1', 'red-2', 'red-3']) {
        assert.equal(verdictOf(exchangeOf(entries, mark)), 'permitted');
        assert.equal(statusOf(exchangeOf(entries, mark)), 'ok');
      }
    });

    test('requests sent without waiting are answered in order, and are on record', { skip: !rig.pipelines }, async () => {
      await using here = await trial();
      await openFirst(here);
      const client = await here.connect();
      const marks = Array.from({ length: 50 }, (_, index) => `blue-${index}-`);
      const answers = await Promise.all(marks.map((mark) => client.ask(mark)));
      for (const [index, answer] of answers.entries()) assert.ok(answer.kind === 'answered' && answer.text.includes(marks[index] ?? '?'));
      await client.leave();
      const entries = await newest(here);
      assertSound(entries);
      assertWhole(here, entries);
    });

    for (const [name, judge, code] of [
      ['a refusal', judgeBy('green', () => refusal), 'ACCESS_REFUSED'],
      ['a refusal that comes later', judgeBy('green', () => later(refusal)), 'ACCESS_REFUSED'],
      ['a judge that throws', judgeBy('green', () => fail('the judge is broken')), 'INTERNAL'],
      ['a judge that rejects', judgeBy('green', () => Promise.reject(new Error('the judge is broken'))), 'INTERNAL'],
      ['a question that nobody takes', judgeBy('green', () => question), 'INTERNAL'],
    ] as const)
      test(`${name}: the client is told, the target never sees it, the session goes on`, async () => {
        await using here = await trial({ judge });
        const client = await here.connect();
        assert.equal((await client.ask('white-1')).kind, 'answered');
        const answer = await client.ask('green-1');
        assert.ok(answer.kind === 'refused', `it was ${answer.kind}`);
        assert.equal(answer.code, rig.codes[code]);
        if (code === 'ACCESS_REFUSED') for (const words of [refusal.message, refusal.hint]) assert.ok(answer.text.includes(words));
        else assert.ok(!answer.text.includes('broken'), 'the client is told of the inside');
        assert.equal((await client.ask('white-2')).kind, 'answered');
        await client.leave();
        const entries = await here.plane.settled();
        assertSound(entries);
        assert.ok(!sentToTarget(here).includes('green'));
        assert.equal(verdictOf(exchangeOf(entries, 'green-1')), 'refused');
        assert.equal(statusOf(exchangeOf(entries, 'green-1')), 'refused');
        assert.ok(bytesOf(exchangeOf(entries, 'green-1'), 'request').includes('green-1'), 'what was asked is not on record');
      });

    test('a refusal within a pipeline is answered in its place', { skip: !rig.pipelines }, async () => {
      await using here = await trial({ judge: judgeBy('green', () => later(refusal)) });
      const client = await here.connect();
      const answers = await Promise.all(['white-1', 'green-1', 'white-2', 'green-2', 'white-3'].map((mark) => client.ask(mark)));
      assert.deepEqual(
        answers.map(({ kind }) => kind),
        ['answered', 'refused', 'answered', 'refused', 'answered'],
      );
      await client.leave();
      assertSound(await here.plane.settled());
      assert.ok(!sentToTarget(here).includes('green'));
    });

    test('what comes behind a verdict that is not known yet waits', { skip: !rig.pipelines }, async () => {
      const verdict = door<Permit>();
      const judged = door<void>();
      const judge = judgeBy('slow', () => {
        judged.open();
        return verdict.opened;
      });
      await using here = await trial({ judge });
      const client = await here.connect();
      const answers = ['slow-1', 'quick-1'].map((mark) => client.ask(mark));
      await judged.opened;
      await (await here.connect()).ask('other');
      assert.ok(!sentToTarget(here).includes('quick-1'));
      verdict.open(everybody);
      for (const answer of await Promise.all(answers)) assert.equal(answer.kind, 'answered');
      const sent = sentToTarget(here);
      assert.ok(sent.indexOf('slow-1') < sent.indexOf('quick-1'));
    });
  });

  describe('asks a person', () => {
    for (const [name, answer, kind] of [
      ['yes', everybody, 'answered'],
      ['no', refusal, 'refused'],
    ] as const)
      test(`and ${name} is the answer; others go on meanwhile`, async () => {
        const asked = askPeople();
        await using here = await trial({ judge: judgeBy('asked', () => question), ask: asked.ask });
        const client = await here.connect();
        const answered = client.ask('asked-1');
        await asked.one.opened;
        assert.equal((await (await here.connect()).ask('other-1')).kind, 'answered');
        assert.ok(!sentToTarget(here).includes('asked-1'));
        asked.answer.open(answer);
        assert.equal((await answered).kind, kind);
        if (rig.notices) assert.match(client.notices().join('\n'), /"dba"/);
        assert.equal(sentToTarget(here).includes('asked-1'), kind === 'answered');
        assert.equal((await client.ask('more-1')).kind, 'answered');
        await client.leave();
      });

    test('and the client that vanishes takes its question along', async () => {
      const asked = askPeople();
      await using here = await trial({ judge: judgeBy('asked', () => question), ask: asked.ask });
      const client = await here.connect();
      void client.ask('asked-1');
      const cancelled = await asked.one.opened;
      client.vanish();
      await new Promise<void>((aborted) => {
        if (cancelled.aborted) aborted();
        else cancelled.addEventListener('abort', () => aborted());
      });
      asked.answer.open(everybody);
      const entries = await here.plane.settled();
      assert.ok(!sentToTarget(here).includes('asked-1'));
      assertSound(entries);
    });
  });

  describe('ends a session', () => {
    test('by the gateway’s will: the client is told and closed', async () => {
      await using here = await trial();
      await openFirst(here);
      const client = await here.connect();
      assert.equal((await client.ask('white-1')).kind, 'answered');
      const told = await tellingOf(here, client);
      here.plane.opened.at(-1)?.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: 'Ask the test.' });
      assert.match(await told.words, /Ended by the test\./);
      const entries = await newest(here);
      assertSound(entries);
      assertWhole(here, entries);
    });

    test('with a request under way: its exchange is closed too', async () => {
      const verdict = door<Permit>();
      const judged = door<void>();
      const judge = judgeBy('slow', () => {
        judged.open();
        return verdict.opened;
      });
      await using here = await trial({ judge });
      const client = await here.connect();
      const answer = client.ask('slow-1');
      await judged.opened;
      here.plane.opened[0]?.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: 'Ask the test.' });
      assert.notEqual((await answer).kind, 'answered');
      verdict.open(everybody);
      if (rig.tellsUnasked) await client.closed;
      assertSound(await here.plane.settled());
      assert.ok(!sentToTarget(here).includes('slow-1'));
    });

    test('that cannot be recorded any more: nothing crosses after that', async () => {
      const failing = failingRecorder();
      await using here = await trial({ recorder: failing.wrap });
      const client = await here.connect();
      assert.equal((await client.ask('white-1')).kind, 'answered');
      failing.breakNow();
      const answer = await client.ask('black-1');
      assert.notEqual(answer.kind, 'answered');
      if (rig.tellsUnasked) await client.closed;
      await here.plane.settled();
      assert.ok(!sentToTarget(here).includes('black-1'));
    });

    test('whose target dies: the client is told', async () => {
      await using here = await trial();
      const client = await here.connect();
      assert.equal((await client.ask('white-1')).kind, 'answered');
      const told = await tellingOf(here, client);
      here.far.cut();
      await told.words;
      assertSound(await here.plane.settled());
    });
  });

  /** What the client is told when its session ends: unasked, or in the place of the answer that it waits for. */
  async function tellingOf(here: Trial, client: ConformanceClient): Promise<{ readonly words: Promise<string> }> {
    if (rig.tellsUnasked) return { words: client.closed };
    const words = client.ask('held-1').then(({ kind, text }) => (kind === 'answered' ? 'nothing' : text));
    while (!sentToTarget(here).includes('held-1')) await later(null);
    return { words };
  }

  /** What crossed a tap for the newest session: by the newest connection, or by all since the first one where it has many. */
  const crossedBy = (tap: Tap, marked: number) => joinLines(tap.lines().slice(rig.connections === 'many' ? marked : -1));

  function assertWhole(here: Trial, entries: Awaited<ReturnType<Trial['plane']['settled']>>): void {
    const [near, far] = [crossedBy(here.near, here.marked.near), crossedBy(here.far, here.marked.far)];
    const kept = (direction: Direction) => rig.kept?.(direction, bytesOf(entries, direction)) ?? bytesOf(entries, direction);
    assert.deepEqual(kept('reply').toString('latin1'), rig.recorded('reply', near.reply).toString('latin1'));
    assert.deepEqual(kept('request').toString('latin1'), rig.recorded('request', far.request).toString('latin1'));
  }
}

function joinLines(lines: readonly TappedLine[]): TappedLine {
  assert.ok(lines.length > 0);
  return { request: Buffer.concat(lines.map(({ request }) => request)), reply: Buffer.concat(lines.map(({ reply }) => reply)) };
}

/** What a gateway must learn of a target it asks for the first session that needs it, beside what the client says. */
async function openFirst(here: Trial): Promise<void> {
  const client = await here.connect();
  await client.ask('first');
  await client.leave();
  await here.plane.settled();
  here.marked = { near: here.near.lines().length, far: here.far.lines().length };
}

/** The entries of the session that was opened last. */
async function newest(here: Trial) {
  const entries = await here.plane.settled();
  const id = here.plane.opened.at(-1)?.facts.id;
  return entries.filter(({ session }) => session === id);
}

function sentToTarget(here: Trial): string {
  return here.far
    .lines()
    .map(({ request }) => request.toString('latin1'))
    .join('');
}

/** An `ask` that waits for `answer`; `one` is opened with the signal of the first question. */
function askPeople() {
  const one = door<AbortSignal>();
  const answer = door<Permit | Refusal>();
  const ask: Stages['ask'] = async ({ groups }, session: Session, _act, cancelled, notice) => {
    notice(`Waiting for ${groups.map((group) => `"${group}"`).join()}.`);
    const over = AbortSignal.any([session.signal, cancelled]);
    one.open(over);
    const withdrawn = door<Refusal>();
    over.addEventListener('abort', () => withdrawn.open(refuse('ACCESS_REFUSED', 'Taken back.', 'Ask again.')));
    return Promise.race([answer.opened, withdrawn.opened]);
  };
  return { one, answer, ask };
}

function later<Value>(value: Value): Promise<Value> {
  return new Promise((resolve) => setImmediate(() => resolve(value)));
}

function fail(message: string): never {
  throw new Error(message);
}
