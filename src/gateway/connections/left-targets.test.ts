import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { forgetLeftTargets } from './left-targets.ts';

describe('what was kept of targets', () => {
  test('goes where no connection leads there, and stays where one does', async () => {
    const state = mkdtempSync(join(tmpdir(), 'chaperone-left-'));
    assert.deepEqual(await forgetLeftTargets(state, () => false), []);
    for (const name of ['kept', 'left']) mkdirSync(join(state, 'targets', name, 'mirror.git'), { recursive: true });
    writeFileSync(join(state, 'targets', 'left', 'mirror.git', 'HEAD'), 'ref: refs/heads/main\n');
    // What a link leads to is not the gateway's.
    mkdirSync(join(state, 'elsewhere'));
    writeFileSync(join(state, 'elsewhere', 'file'), '');
    symlinkSync(join(state, 'elsewhere'), join(state, 'targets', 'link'));
    assert.deepEqual([...(await forgetLeftTargets(state, (name) => name === 'kept'))].sort(), ['left', 'link']);
    assert.deepEqual(readdirSync(join(state, 'targets')), ['kept']);
    assert.deepEqual(readdirSync(join(state, 'elsewhere')), ['file']);
    rmSync(state, { recursive: true });
  });
});
