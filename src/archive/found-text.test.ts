import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Part } from '../core/part.ts';
import { cellSeparator, FoundText } from './found-text.ts';

function foundIn(...parts: readonly Part[]): string {
  const found = new FoundText();
  for (const part of parts) found.add(part, 'reply');
  return found.toString();
}

test('of a terminal, words are found and control sequences are not', () => {
  const output = (text: string): Part => ({ shape: 'terminal', event: 'output', text });
  const parts = [
    output('\u001b[1;31mal'),
    output('arm\u001b[0m\u0007\r\n\u001b]0;a title\u0007\u001b]8;;https://x\u001b\\link\u001b]8;;\u001b\\ \u001bPq#0\u001b\\\u001b(Bend'),
    { shape: 'terminal', event: 'resize', columns: 80, rows: 24 } as const,
  ];
  assert.equal(foundIn(...parts, { shape: 'rows', columns: ['a'], rows: [['cell']] }), `alarm\nlink end${cellSeparator}cell`);
});
