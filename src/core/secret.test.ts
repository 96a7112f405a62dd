import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { Secret } from './secret.ts';

test('a secret is seen by nobody who only prints it', () => {
  const secret = new Secret('hunter2-hunter2');
  const fault = new Error('broken', { cause: { secret } });
  const prints = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }, { showHidden: true, depth: 9 }),
    inspect(fault),
  ];
  for (const print of prints) assert.ok(!print.includes('hunter2'), print);
  assert.equal(secret.reveal(), 'hunter2-hunter2');
  assert.deepEqual(Object.keys(secret), []);
});
