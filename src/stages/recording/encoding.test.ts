import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainAction } from '../../core/action.ts';
import { bytesOf } from '../../core/known-payload.ts';
import { noGrounds } from '../../core/verdict.ts';
import { actionPayload, decisionPayload, outcomePayload } from './encoding.ts';

const action = plainAction('toy:ask', 'unknown', 'sélect “1”');
const decision = { verdict: 'permitted', code: null, reason: null, detail: null, grounds: noGrounds, approval: null } as const;
const outcome = { status: 'ok', rows: 1, tag: 'ASK 1', error: null } as const;

describe('what is encoded once', () => {
  for (const [name, encode, value] of [
    ['an action', () => actionPayload(action), { action }],
    ['a decision', () => decisionPayload(decision), { decision }],
    ['an outcome', () => outcomePayload(outcome), { outcome }],
  ] as const)
    test(`${name} is the same each time, and keeps no memory but its own`, () => {
      for (let time = 0; time < 3; time += 1) {
        const bytes = bytesOf(encode());
        assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()), value);
        // What came once is not kept.
        if (time > 0) assert.equal(bytes.buffer.byteLength, bytes.length);
      }
    });

  test('an action is told from one that demands the same', () => {
    const alike = [
      action,
      { ...action, text: 'another "text"' },
      { ...action, facts: { hasWhere: true } },
      { ...action, effect: 'read' as const },
      { ...action, name: 'toy:tell' },
      { ...action, objects: [{ type: 'Table', name: 'things' }] },
    ];
    for (const one of [...alike, ...alike.toReversed()].map((given) => ({ ...given })))
      assert.equal(Buffer.from(bytesOf(actionPayload(one))).toString(), JSON.stringify({ action: one }));
  });
});
