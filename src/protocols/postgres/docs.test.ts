import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cstring } from './messages.ts';
import { parseOpening, uint32 } from './startup.ts';
import { withTables } from './testing/page.ts';

const place = new URL('../../../docs/protocols/postgres.md', import.meta.url);
const page = readFileSync(place, 'utf8');

const remake = 'CHAPERONE_MAKE_DOCS=1 npm test -- src/protocols/postgres/docs.test.ts makes it anew';

describe('the page on PostgreSQL', () => {
  test('has its tables as the code has them', () => {
    const made = withTables(page);
    if (process.env['CHAPERONE_MAKE_DOCS'] === '1') writeFileSync(place, made);
    else assert.equal(page, made, remake);
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
