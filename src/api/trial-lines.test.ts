import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NotRegistered, TrialReport } from './gateway-port.ts';
import { memoryCatalog, startApi } from './trial.test-support.ts';
import { trialLines } from './trial-lines.ts';

const report: TrialReport = { session: null, steps: [{ step: 'admit', ms: 1 }], says: 'SELECT 1', failure: null };
const refusal: NotRegistered = { kind: 'refused', code: 'NAME_TAKEN', message: 'There is one.', hint: 'Choose another.', problems: [] };

describe('a trial told line by line', () => {
  test('says each step before what came of it', async () => {
    const next = Promise.withResolvers<null>();
    const lines = await trialLines(async (told) => {
      told([{ step: 'admit', ms: null }]);
      await next.promise;
      told([
        { step: 'admit', ms: 1 },
        { step: 'resolve', ms: null },
      ]);
      return { kind: 'tried', report };
    });
    assert.ok(!('kind' in lines));
    const reader: AsyncIterator<Buffer> = lines[Symbol.asyncIterator]();
    assert.equal(String((await reader.next()).value), '{"steps":[{"step":"admit","ms":null}]}\n');
    next.resolve(null);
    let rest = '';
    for (let read = await reader.next(); read.done !== true; read = await reader.next()) rest += String(read.value);
    assert.deepEqual(JSON.parse(rest.trimEnd().split('\n').at(-1) ?? ''), { report });
  });

  test('is answered as a problem where nothing was tried', async () => {
    assert.deepEqual(await trialLines(async () => refusal), refusal);
  });

  test('is given to whoever accepts lines', async () => {
    const api = await startApi({ catalog: memoryCatalog([], []) });
    const ask = (accept: string) => api.get('/api/v1/connections/orders/test', 'rootAlone', { method: 'POST', headers: { accept } });
    try {
      const lines = await ask('application/x-ndjson');
      assert.match(lines.headers.get('content-type') ?? '', /^application\/x-ndjson/);
      assert.match(await lines.text(), /^\{"report":\{"session":null/);
      const whole = await ask('application/json');
      assert.match(whole.headers.get('content-type') ?? '', /^application\/json/);
    } finally {
      await api.close();
    }
  });
});
