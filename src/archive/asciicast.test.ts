import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainAction } from '../core/action.ts';
import type { Part } from '../core/part.ts';
import { asciicastText } from './asciicast.ts';
import type { RecordingLine } from './decoded.ts';

const start = Date.UTC(2026, 10, 22, 10);
let sequence = 0;
const line = (at: number, exchange: number, body: object) =>
  ({ sequence: (sequence += 1), at: new Date(start + at).toISOString(), exchange, ...body }) as RecordingLine;
const opens = (at: number, exchange: number, text: string) =>
  line(at, exchange, { kind: 'exchange', action: plainAction('test:open', 'unknown', text) });
const said = (at: number, exchange: number, ...parts: Part[]) => line(at, exchange, { kind: 'bytes', direction: 'reply', count: 1, parts });
const output = (text: string): Part => ({ shape: 'terminal', event: 'output', text });
const resize = (columns: number, rows: number): Part => ({ shape: 'terminal', event: 'resize', columns, rows });

async function castOf(...lines: readonly RecordingLine[]) {
  const read = async function* (exchange?: number) {
    for (const each of lines) if (exchange === undefined || each.exchange === exchange) yield each;
  };
  const pieces = await Array.fromAsync(asciicastText(read));
  const [header, ...events] = pieces.join('').trim().split('\n');
  return { header: JSON.parse(header ?? '') as object, events: events.map((each) => JSON.parse(each) as [number, string, string]) };
}

describe('an asciicast', () => {
  test('has what a terminal wrote, when, and in what size', async () => {
    const typed: Part = { shape: 'terminal', event: 'input', text: '\u0003' };
    const { header, events } = await castOf(
      opens(0, 1, 'GET /exec $ sh'),
      said(100, 1, { shape: 'mark', name: 'reply', detail: {} }, resize(100, 30)),
      said(250, 1, output('$ ')),
      said(1500, 1, typed, resize(90, 20)),
    );
    assert.deepEqual(header, { version: 2, width: 100, height: 30, timestamp: start / 1000, title: 'GET /exec $ sh' });
    assert.deepEqual(events, [
      [0.1, 'r', '100x30'],
      [0.25, 'o', '$ '],
      [1.5, 'i', '\u0003'],
      [1.5, 'r', '90x20'],
    ]);
  });

  test('says where content was not kept, or crossed without a record, and never goes back in time', async () => {
    const { events } = await castOf(
      opens(0, 1, 'sh'),
      said(500, 1, output('a')),
      line(300, 1, { kind: 'withheld', direction: 'reply', count: 7, sha256: 'abc' }),
      line(600, 1, { kind: 'gap', direction: 'request', count: 9, reason: 'full' }),
    );
    assert.deepEqual(events, [
      [0.5, 'o', 'a'],
      [0.5, 'm', '7 bytes of the reply were not kept (SHA-256 abc)'],
      [0.6, 'm', '9 bytes of the request crossed without a record'],
    ]);
  });

  test('has terminals that were open side by side one after the other, each on a screen of its own', async () => {
    const { header, events } = await castOf(
      opens(0, 1, 'one'),
      opens(100, 2, 'two'),
      said(200, 1, output('a')),
      said(300, 2, resize(40, 10), output('b')),
      said(400, 1, output('c')),
    );
    assert.deepEqual(header, { version: 2, width: 80, height: 24, timestamp: start / 1000, title: 'one' });
    assert.deepEqual(
      events.map(([at, code, data]) => `${at} ${code} ${data}`),
      ['0 m 1: one', '0 o \u001bc', '0 r 80x24', '0.2 o a', '0.4 o c'].concat([
        '0.4 m 2: two',
        '0.4 o \u001bc',
        '0.4 r 40x10',
        '0.6 r 40x10',
        '0.6 o b',
      ]),
    );
  });

  test('of a session without a terminal is one in which nothing happens', async () => {
    const { header, events } = await castOf(opens(0, 1, 'GET /'), said(1, 1, { shape: 'text', text: 'hello' }));
    assert.deepEqual([header, events], [{ version: 2, width: 80, height: 24 }, []]);
  });
});
