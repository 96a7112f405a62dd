import assert from 'node:assert/strict';
import type { ExchangeItem } from '../../src/archive/items.ts';
import type { RecordingLine } from '../../src/archive/decoded.ts';
import type { Cell } from '../../src/core/part.ts';
import type { Story } from './house.ts';

/** The rows that came back, in order, as the recording has them. */
export function rowsOf(lines: readonly RecordingLine[], exchange?: number): (readonly Cell[])[] {
  return lines.flatMap((line) =>
    line.kind === 'bytes' && line.direction === 'reply' && (exchange === undefined || line.exchange === exchange)
      ? line.parts.flatMap((part) => (part.shape === 'rows' ? part.rows : []))
      : [],
  );
}

/** The text of a COPY in one direction, as the recording has it. */
export function copiedOf(lines: readonly RecordingLine[], direction: 'request' | 'reply', exchange: number): string {
  return lines
    .flatMap((line) =>
      line.kind === 'bytes' && line.direction === direction && line.exchange === exchange
        ? line.parts.flatMap((part) => (part.shape === 'text' ? [part.text] : []))
        : [],
    )
    .join('');
}

export function find({ exchanges }: Story, text: string | RegExp): ExchangeItem {
  const found = exchanges.find((exchange) => (typeof text === 'string' ? exchange.text === text : text.test(exchange.text)));
  assert.ok(found, `${String(text)} is not among ${JSON.stringify(exchanges.map((exchange) => exchange.text))}`);
  return found;
}

export const facts = ({ text, status, tag, rows, error }: ExchangeItem) => [text, status, tag, rows, error?.code ?? null];

export function assertTimed(exchanges: readonly ExchangeItem[]): void {
  for (const { durationMs, startedAt } of exchanges) {
    assert.ok(durationMs !== null && durationMs >= 0);
    assert.match(startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
}
