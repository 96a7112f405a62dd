import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pseudonymKey } from './key.ts';

describe('the key of pseudonyms', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-key-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('is made once, for its owner alone', () => {
    const first = pseudonymKey(folder);
    assert.ok(first.equals(pseudonymKey(folder)));
    assert.equal(first.symmetricKeySize, 32);
    assert.equal(statSync(join(folder, 'pseudonym.key')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['pseudonym.key']);
  });

  test('is not taken when others may read it, or when it was cut', () => {
    const path = join(folder, 'pseudonym.key');
    chmodSync(path, 0o640);
    assert.throws(() => pseudonymKey(folder), /run `chmod 600/);
    chmodSync(path, 0o600);
    writeFileSync(path, 'short');
    assert.throws(() => pseudonymKey(folder), /is 5 bytes long/);
  });
});
