import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Part } from '../core/part.ts';
import type { RecordingLine } from './decoded.ts';
import { harText } from './har.ts';

const at = (second: number) => `2026-11-27T12:00:0${second}.500Z`;
const action = { name: 'web:GET', effect: 'read', demands: [], objects: [], text: 'GET /a', facts: { host: 'api.example.com' } } as const;
let sequence = 0;
const exchange = (number: number, second: number): RecordingLine => ({
  sequence: (sequence += 1),
  at: at(second),
  exchange: number,
  kind: 'exchange',
  action,
});
const bytes = (number: number, second: number, direction: 'request' | 'reply', ...parts: Part[]): RecordingLine => ({
  sequence: (sequence += 1),
  at: at(second),
  exchange: number,
  kind: 'bytes',
  direction,
  count: 10,
  parts,
});
const outcome = (number: number, second: number): RecordingLine => ({
  sequence: (sequence += 1),
  at: at(second),
  exchange: number,
  kind: 'outcome',
  outcome: { status: 'ok', rows: null, tag: '200', error: null },
});
const asked = (target: string, method = 'GET'): Part => ({
  shape: 'mark',
  name: 'request',
  detail: { method, target, headers: [['content-type', 'application/json']] },
});
const replied = (status: number, ...headers: string[][]): Part => ({
  shape: 'mark',
  name: 'reply',
  detail: { status, reason: 'OK', headers },
});

interface Har {
  readonly log: {
    readonly version: string;
    readonly entries: readonly {
      readonly startedDateTime: string;
      readonly time: number;
      readonly timings: { readonly wait: number; readonly receive: number };
      readonly request: {
        readonly method: string;
        readonly url: string;
        readonly queryString: unknown;
        readonly bodySize: number;
        readonly postData?: { readonly encoding?: string; readonly text: string };
      };
      readonly response: {
        readonly status: number;
        readonly redirectURL: string;
        readonly content: { readonly size: number; readonly text: string; readonly encoding?: string };
      };
      readonly _webSocketMessages?: readonly { readonly type: string; readonly data: string }[];
    }[];
  };
}

async function harOf(lines: readonly RecordingLine[]): Promise<Har> {
  const pieces = await Array.fromAsync(
    harText(
      (async function* () {
        yield* lines;
      })(),
    ),
  );
  return JSON.parse(pieces.join('')) as Har;
}

describe('a recording as HAR', () => {
  test('has an entry for each request, those under way at once too', async () => {
    const { log } = await harOf([
      exchange(1, 0),
      exchange(2, 1),
      bytes(1, 1, 'request', asked('/a?b=c&b=d', 'POST'), { shape: 'document', mediaType: 'application/json', value: { x: 1 } }),
      bytes(2, 1, 'request', asked('/image')),
      bytes(2, 2, 'reply', replied(200, ['content-type', 'image/png']), { shape: 'bytes', count: 3, base64: 'AAEC' }),
      outcome(2, 3),
      bytes(1, 3, 'reply', replied(302, ['location', '/billing/b']), { shape: 'text', text: 'go ' }),
      bytes(1, 4, 'reply', { shape: 'text', text: 'on' }),
      outcome(1, 5),
    ]);
    assert.equal(log.version, '1.2');
    const [image, page] = log.entries;
    assert.deepEqual(image?.response.content, { size: 3, mimeType: 'image/png', text: 'AAEC', encoding: 'base64' });
    assert.deepEqual([page?.request.method, page?.request.url], ['POST', 'https://api.example.com/a?b=c&b=d']);
    assert.deepEqual(page?.request.queryString, [
      { name: 'b', value: 'c' },
      { name: 'b', value: 'd' },
    ]);
    assert.equal(page?.request.postData?.text, '{"x":1}');
    assert.deepEqual([page?.response.status, page?.response.redirectURL, page?.response.content.text], [302, '/billing/b', 'go on']);
    assert.deepEqual([page?.startedDateTime, page?.time, page?.timings.wait, page?.timings.receive], [at(0), 5_000, 3_000, 2_000]);
  });

  test('has bodies with trailers behind them, and as many bytes as there were', async () => {
    const trailers: Part = { shape: 'mark', name: 'trailers', detail: { headers: [['x-sum', '1']] } };
    const { log } = await harOf([
      exchange(1, 0),
      bytes(1, 0, 'request', asked('/upload', 'POST'), { shape: 'bytes', count: 3, base64: 'AAEC' }, trailers),
      bytes(1, 1, 'reply', replied(200), { shape: 'text', text: 'söme' }, trailers),
      outcome(1, 2),
    ]);
    const [entry] = log.entries;
    assert.deepEqual([entry?.request.bodySize, entry?.request.postData?.text, entry?.request.postData?.encoding], [3, 'AAEC', 'base64']);
    assert.deepEqual(entry?.response.content, { size: 5, mimeType: '', text: 'söme' });
  });

  test('has the messages of a WebSocket', async () => {
    const message: Part = { shape: 'mark', name: 'message', detail: { kind: 'text', last: true } };
    const { log } = await harOf([
      exchange(1, 0),
      bytes(1, 0, 'request', asked('/socket'), message, { shape: 'text', text: 'hi' }),
      bytes(1, 1, 'reply', replied(101), message, { shape: 'text', text: 'hello' }),
      outcome(1, 2),
    ]);
    assert.deepEqual(
      log.entries[0]?._webSocketMessages?.map(({ type, data }) => [type, data]),
      [
        ['send', 'hi'],
        ['receive', 'hello'],
      ],
    );
  });

  test('has what a terminal and a command’s streams said', async () => {
    const stream: Part = { shape: 'mark', name: 'stream', detail: { name: 'stdout' } };
    const message: Part = { shape: 'mark', name: 'message', detail: { kind: 'binary', last: true } };
    const { log } = await harOf([
      exchange(1, 0),
      bytes(1, 0, 'request', asked('/exec'), { shape: 'terminal', event: 'resize', columns: 80, rows: 24 }),
      bytes(1, 1, 'reply', replied(101), { shape: 'terminal', event: 'output', text: '$ ' }, message, {
        shape: 'bytes',
        count: 1,
        base64: 'AA==',
      }),
      outcome(1, 2),
      exchange(2, 3),
      bytes(2, 3, 'request', asked('/exec')),
      bytes(2, 4, 'reply', replied(101), stream, { shape: 'text', text: 'one' }, { shape: 'bytes', count: 1, base64: '/w==' }),
      outcome(2, 5),
    ]);
    assert.deepEqual(
      log.entries.map((entry) => entry._webSocketMessages?.map(({ data }) => data)),
      [
        ['{"columns":80,"rows":24}', '$ ', 'AA=='],
        ['one', '/w=='],
      ],
    );
  });

  test('leaves out what is no request, and is whole without any', async () => {
    const { log } = await harOf([exchange(1, 0), bytes(1, 0, 'request', { shape: 'text', text: 'select 1' }), outcome(1, 1)]);
    assert.deepEqual(log.entries, []);
  });
});
