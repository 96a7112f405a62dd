import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { type ResultColumn, Tally, valueKinds } from '../../core/masking.ts';
import { maskActions } from './action.ts';
import { createMasking } from './index.ts';
import { maskingSchema } from './settings.ts';

const values = ['', 'bob@example.com', '12', '1.50', 't', 'f', '{a,b}', '\\x00', '2001-02-03', '12:00:01+02', '::1', '{"a":1}'];

test('what is always masked alike is what each value becomes', () => {
  for (const action of maskActions)
    for (const kind of valueKinds) {
      const masking = createMasking(maskingSchema.parse({ columns: [{ column: 'a:b.c.d', action }] }), createSecretKey(Buffer.alloc(32)));
      const column: ResultColumn = { sources: new Set(['b.c.d']), direct: true, label: 'd', kind };
      const mask = masking('a')?.plan([column], () => false)?.[0];
      assert.ok(mask);
      if (mask.always === undefined) continue;
      for (const value of values) assert.equal(mask.apply(value, new Tally()), mask.always, `${action} ${kind} ${value}`);
    }
});

test('a connection that no rule is for has no masks', () => {
  const masking = createMasking(
    maskingSchema.parse({ columns: [{ column: 'a:b.c.d', action: 'redact' }] }),
    createSecretKey(Buffer.alloc(32)),
  );
  assert.equal(masking('other'), null);
  assert.equal(masking('a')?.byColumn, true);
});

test('a plan for the same columns follows what may be seen', () => {
  const settings = maskingSchema.parse({ columns: [{ column: 'a:b.c.d', action: 'redact' }] });
  const masking = createMasking(settings, createSecretKey(Buffer.alloc(32)))('a');
  const columns: ResultColumn[] = [{ sources: new Set(['b.c.d']), direct: true, label: 'd', kind: 'text' }];
  for (const seen of [false, true, true, false, false]) assert.equal(masking?.plan(columns, () => seen) === null, seen);
  assert.equal(
    masking?.plan(columns, () => false),
    masking?.plan(columns, () => false),
  );
});
