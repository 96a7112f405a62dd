import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import type { RecordingLine } from '../archive/decoded.ts';
import { memoryCatalog, people, sessionItem, startApi } from './trial.test-support.ts';

const own = sessionItem(people['ada'] ?? null);
const catalog = memoryCatalog([own], []);
const line: RecordingLine = {
  sequence: 1,
  at: '2026-01-01T00:00:00.000Z',
  exchange: 1,
  kind: 'bytes',
  direction: 'reply',
  count: 1000,
  parts: [{ shape: 'text', text: 'x'.repeat(1000) }],
};

/** A source that counts how far it was read and whether it was closed. */
function counted(lines: number, failAt: number | null = null) {
  const state = { read: 0, closed: false };
  async function* recording(): AsyncGenerator<RecordingLine> {
    try {
      for (; state.read < lines; state.read += 1) {
        if (state.read === failAt) throw new Error('segment 7 is damaged');
        yield line;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, recording };
}

describe('a recording as a stream', () => {
  it('is read from its source only as fast as the client reads, and let go when the client goes', async () => {
    const { state, recording } = counted(1_000_000);
    const trial = await startApi({ catalog, recording });
    try {
      const url = `${trial.url}/api/v1/sessions/${own.id}/recording`;
      const request = get(url, { headers: { authorization: 'Bearer ada' } });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.pause();
      let before = -1;
      while (before !== state.read) {
        before = state.read;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(state.read < 100_000, `${state.read} lines were read for a client that reads none`);
      request.destroy();
      while (!state.closed) await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      await trial.close();
    }
  });

  it('is let go also where the client went before its first line was there', async () => {
    for (const path of ['recording', 'export?format=ndjson', 'export?format=har']) {
      const { state, recording } = counted(10_000);
      const asked = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      async function* slow(): AsyncGenerator<RecordingLine> {
        asked.resolve();
        await gone.promise;
        yield* recording();
      }
      const trial = await startApi({ catalog, recording: slow });
      try {
        const request = get(`${trial.url}/api/v1/sessions/${own.id}/${path}`, { headers: { authorization: 'Bearer ada' } });
        request.on('error', () => {});
        await asked.promise;
        request.destroy();
        await new Promise((resolve) => setTimeout(resolve, 50));
        gone.resolve();
        while (!state.closed) await new Promise((resolve) => setTimeout(resolve, 10));
      } finally {
        await trial.close();
      }
    }
  });

  it('comes whole', async () => {
    const { recording } = counted(5000);
    const trial = await startApi({ catalog, recording });
    try {
      const text = await (await trial.get(`/api/v1/sessions/${own.id}/export?format=ndjson`, 'ada')).text();
      assert.equal(text, `${JSON.stringify(line)}\n`.repeat(5000));
    } finally {
      await trial.close();
    }
  });

  it('that fails at once is a problem; that fails later is cut, never ended as if it were whole', async () => {
    for (const failAt of [0, 3000]) {
      const { recording } = counted(5000, failAt);
      const trial = await startApi({ catalog, recording });
      try {
        const response = await trial.get(`/api/v1/sessions/${own.id}/recording`, 'ada');
        if (failAt === 0) {
          assert.equal(response.status, 500);
          assert.doesNotMatch(await response.text(), /segment/);
        } else await assert.rejects(response.text());
      } finally {
        await trial.close();
      }
    }
  });

  it('is not read for HEAD', async () => {
    const { state, recording } = counted(5000);
    const trial = await startApi({ catalog, recording });
    try {
      const response = await trial.get(`/api/v1/sessions/${own.id}/recording`, 'ada', { method: 'HEAD' });
      assert.equal(response.status, 200);
      assert.equal(state.read, 0);
      assert.deepEqual(trial.audits, []);
    } finally {
      await trial.close();
    }
  });
});
