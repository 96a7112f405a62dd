import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainAction } from './action.ts';
import type { Decision, Direction, Outcome } from './entry.ts';
import type { Act, Crossing, Exchange } from './exchange.ts';
import { mediate } from './mediate.ts';
import { mintShown } from './proof.ts';
import type { Receiver, SessionRecord } from './recorder.ts';
import type { Session } from './session.ts';
import type { Stages } from './stages.ts';
import { type Permit, permit, type Question, type Refusal, refuse, type Verdict } from './verdict.ts';

const grounds = { policies: ['p'], version: 'v' };
const yes: Permit = permit(grounds);
const no: Refusal = refuse('ACCESS_REFUSED', 'No.', 'Ask somebody.', { grounds });
const question: Verdict = { kind: 'question', what: 'Asking', rules: ['p'], groups: ['dba'], reasons: [], grounds };
const action = plainAction('toy:ask', 'unknown', 'ask');

/** A record that releases at once, and an exchange that tells its target and its client what it did: all in one list. */
function stage(
  judge: () => Verdict | Promise<Verdict>,
  ask: (notice: (text: string) => void) => Promise<Permit | Refusal> = () => Promise.reject(new Error('nobody asks')),
  act: Exchange['act'] = () => ({ action, bytes: Buffer.from('question'), parameters: [], estimate: null }),
) {
  const told: string[] = [];
  const record: SessionRecord = {
    exchange: ({ text }) => told.push(`recorded ${text}`),
    decided: (_exchange: number, { verdict, approval, code, detail }: Decision) =>
      told.push([verdict, approval, code, detail].filter(Boolean).join(' ')),
    cross: (_exchange: number, direction: Direction, bytes: Uint8Array, receiver: Receiver | null) => {
      told.push(`recorded ${direction} ${String(bytes)}${receiver ? '' : ', going nowhere'}`);
      receiver?.receive(bytes, direction);
    },
    masked: () => {},
    outcome: (_exchange: number, { status }: Outcome) => told.push(`ended ${status}`),
    end: () => Promise.resolve(),
  };
  const done = (status: Outcome['status']): Outcome => ({ status, rows: null, tag: null, error: null });
  const exchange: Exchange = {
    action,
    act,
    cancelled: new AbortController().signal,
    perform: (given: Permit, crossing: Crossing) => {
      crossing.ask(Buffer.from('question'), given);
      crossing.answer(mintShown(Buffer.from('answer')));
      crossing.end(done('ok'));
    },
    refuse: ({ code }: Refusal, crossing: Crossing) => {
      crossing.attempt(Buffer.from('question'));
      crossing.answer(mintShown(Buffer.from(code)));
      crossing.end(done('refused'));
    },
    notice: (text: string) => told.push(`told: ${text}`),
    forward: (bytes) => told.push(`to target: ${String(bytes)}`),
    deliver: (bytes) => told.push(`to client: ${String(bytes)}`),
  };
  // The flow reads nothing else of a session than these.
  const session = { facts: { connection: 'toy', run: null }, principal: {}, record } as Session;
  const stages = {
    judge,
    ask: (_question: Question, _session: Session, _act: Act, _cancelled: AbortSignal, notice: (text: string) => void) => ask(notice),
  } as Pick<Stages, 'judge' | 'ask'> as Stages;
  return { told, run: () => mediate(session, exchange, stages) };
}

const passed = [
  'recorded ask',
  'permitted',
  'recorded request question',
  'to target: question',
  'recorded reply answer',
  'to client: answer',
  'ended ok',
];
const refused = (code: string, detail = '') => [
  'recorded ask',
  ['refused', code, detail].filter(Boolean).join(' '),
  'recorded request question, going nowhere',
  `recorded reply ${code}`,
  `to client: ${code}`,
  'ended refused',
];
/** An answer that comes after the client was told that it waits. */
const afterNotice = (answer: Permit | Refusal) => async (notice: (text: string) => void) => {
  notice('Waiting.');
  return answer;
};
const noted = ['recorded ask', 'told: Waiting.'];
const approved = ['approved a-1', ...passed.slice(2)];

const cases: readonly [name: string, ReturnType<typeof stage>, expected: readonly string[]][] = [
  ['a permit that is at hand', stage(() => yes), passed],
  ['a permit that comes later', stage(() => Promise.resolve(yes)), passed],
  ['a refusal', stage(() => no), refused('ACCESS_REFUSED')],
  [
    'a judge that throws',
    stage(() => JSON.parse('{') as Verdict),
    refused('INTERNAL', "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
  ],
  ['a judge that rejects', stage(() => Promise.reject(new Error('gone'))), refused('INTERNAL', 'gone')],
  ['a question that is answered with yes', stage(() => question, afterNotice(permit(grounds, 'a-1'))), [...noted, ...approved]],
  ['a question that comes later', stage(() => Promise.resolve(question), afterNotice(permit(grounds, 'a-1'))), [...noted, ...approved]],
  [
    'a question that is answered with no',
    stage(() => question, afterNotice({ ...no, verdict: 'denied', approval: 'a-2' })),
    [...noted, 'denied a-2 ACCESS_REFUSED', ...refused('ACCESS_REFUSED').slice(2)],
  ],
  ['a question that nobody can be asked', stage(() => question), refused('INTERNAL', 'nobody asks')],
  [
    'an act that cannot be told',
    stage(
      () => question,
      () => Promise.resolve(yes),
      () => JSON.parse('') as never,
    ),
    refused('INTERNAL', 'Unexpected end of JSON input'),
  ],
];

describe('an exchange in the flow', () => {
  for (const [name, { told, run }, expected] of cases)
    test(name, async () => {
      await run();
      assert.deepEqual(told, expected);
    });

  test('takes no turn of the event loop where the verdict is at hand', () => {
    const { told, run } = stage(() => yes);
    assert.equal(run(), undefined);
    assert.deepEqual(told, passed);
  });
});
