import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cstring, type MessageRule, replyMessages, requestMessages } from './messages.ts';
import { sqlstates } from './sqlstates.ts';
import { parseOpening, uint32 } from './startup.ts';

const page = readFileSync(new URL('../../../docs/protocols/postgres.md', import.meta.url), 'utf8');

/** The rows of the table that stands behind a text, header left out, cells without their code marks. */
function tableBehind(text: string): string[][] {
  const from = page.indexOf(text);
  assert.notEqual(from, -1, `the page does not say ${text}`);
  const lines = page.slice(from).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  return lines.slice(first + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const sorted = (rows: readonly (readonly string[])[]): string[] => rows.map((row) => row.join(' | ')).sort();

describe('the page on PostgreSQL', () => {
  test('lists the messages of clients', () => {
    const rules: readonly (readonly [string, MessageRule])[] = Object.entries(requestMessages);
    const expected = rules.map(([type, { name, limit, refused }]) => [
      type,
      name,
      String(limit),
      refused === undefined ? 'passes' : 'refused',
    ]);
    assert.deepEqual(sorted(tableBehind('Client to target:')), sorted(expected));
  });

  test('lists the messages of targets', () => {
    const expected = Object.entries(replyMessages).map(([type, { name, limit }]) => [type, name, String(limit)]);
    assert.deepEqual(sorted(tableBehind('Target to client:')), sorted(expected));
  });

  test('lists the codes with their SQLSTATEs', () => {
    const expected = Object.entries(sqlstates).map(([code, { door, session }]) => [code, door, session]);
    assert.deepEqual(tableBehind('| code | SQLSTATE'), expected);
  });

  test('lists the start-up parameters that pass', () => {
    const paragraph = /These start-up parameters pass[\s\S]*?Any other is refused/.exec(page)?.[0] ?? '';
    const names = [...paragraph.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name ?? '').filter((name) => name !== 'options');
    assert.ok(names.length > 5);
    for (const name of names) {
      const pairs = [cstring('user'), cstring('x'), cstring(name), cstring('UTF8'), Buffer.alloc(1)];
      assert.equal(parseOpening(Buffer.concat([uint32(3 << 16), ...pairs])).kind, 'startup', name);
    }
  });
});
