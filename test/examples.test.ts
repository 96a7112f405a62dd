import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCheck } from '../src/cli/check.ts';
import { protocol } from '../src/protocols/postgres/index.ts';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));

describe('examples', () => {
  before(() => {
    process.env['ORDERS_PASSWORD'] = 'any';
  });
  after(() => {
    delete process.env['ORDERS_PASSWORD'];
  });

  for (const name of globSync('**/*.yaml', { cwd: folder }))
    test(`${name} passes the check`, async () => {
      const { exitCode, output } = await runCheck(`${folder}${name}`, new Map([[protocol.name, protocol]]), { json: false });
      assert.equal(exitCode, 0, output);
      assert.doesNotMatch(output, /Without policies/);
    });
});
