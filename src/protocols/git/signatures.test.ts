import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Action } from '../../core/action.ts';
import { everybody } from '../../../test/rig/data-plane.ts';
import { settings } from './settings.ts';
import { type GitTrial, openTrial, settingsOf } from './testing/trial.ts';

const missing = spawnSync('ssh-keygen', ['-?']).error !== undefined && 'ssh-keygen is not installed (openssh-client)';

describe('signatures of what is pushed', { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-git-keys-'));
  const seen: Action[] = [];
  let trial: GitTrial;
  let work: string;
  const keyOf = (name: string) => join(folder, name);
  const publicOf = (name: string) => readFileSync(`${keyOf(name)}.pub`, 'utf8').trim();
  before(async () => {
    for (const name of ['ada', 'grace', 'nobody'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyOf(name)]);
    const signers = [`ada@example.com ${publicOf('ada')}`, `grace@example.com ${publicOf('grace')}`];
    trial = await openTrial({ judge: (_, action) => (seen.push(action), everybody) }, {}, { signers });
    work = await trial.clone('work');
    await trial.must(work, 'config', 'gpg.format', 'ssh');
  });
  after(async () => {
    await trial?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  let count = 0;
  /** What is found of a push of one commit that is signed with this key; null: not at all. */
  async function pushed(key: string | null, email = 'ada@example.com'): Promise<readonly unknown[]> {
    await trial.must(work, 'config', 'user.signingKey', keyOf(key ?? 'ada'));
    await trial.must(work, 'checkout', '--quiet', '--orphan', `branch-${(count += 1)}`);
    const sign = key === null ? '--no-gpg-sign' : '--gpg-sign';
    await trial.must(work, '-c', `user.email=${email}`, 'commit', '--quiet', '--allow-empty', sign, '--message', `Number ${count}`);
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD');
    return factsSeen();
  }
  function factsSeen(): readonly unknown[] {
    const { facts } = seen.findLast(({ name }) => name !== 'git:list') ?? assert.fail('nothing was pushed');
    return [facts['signed'], facts['verified']];
  }

  test('are good by the committer’s own key', async () => assert.deepEqual(await pushed('ada'), [true, true]));
  test('are nothing by a key that nobody knows', async () => assert.deepEqual(await pushed('nobody'), [true, false]));
  test('are nothing by the key of somebody else', async () => assert.deepEqual(await pushed('ada', 'grace@example.com'), [true, false]));
  test('are good for whoever has committed, whoever pushes', async () =>
    assert.deepEqual(await pushed('grace', 'grace@example.com'), [true, true]));
  test('are missed', async () => assert.deepEqual(await pushed(null), [false, false]));

  test('are looked for in tags', async () => {
    for (const [key, verified] of [
      ['ada', true],
      ['nobody', false],
    ] as const) {
      await pushed('ada');
      await trial.must(work, 'config', 'user.signingKey', keyOf(key));
      await trial.must(work, 'tag', '--sign', '--message', 'A tag', `by-${key}`);
      await trial.must(work, 'push', '--quiet', 'origin', `by-${key}`);
      assert.deepEqual(factsSeen(), [true, verified], key);
    }
  });

  test('leave nothing behind', () => trial.swept());
});

describe('the lines of those who sign', () => {
  const parse = (line: string) => {
    const given = settingsOf(1) as { readonly target: object };
    return settings.safeParse({ ...given, target: { ...given.target, signers: [line] } }).success;
  };
  test('are addresses with keys, and nothing that ssh-keygen reads as more', () => {
    assert.ok(parse('ada@example.com ssh-ed25519 AAAAC3Nza+/= of ada'));
    for (const line of [
      '* ssh-ed25519 AAAA',
      '*@example.com ssh-ed25519 AAAA',
      'a@b.c,d@e.f ssh-ed25519 AAAA',
      'a@b.c cert-authority ssh-ed25519 AAAA',
    ])
      assert.ok(!parse(line), line);
    for (const line of ['a@b.c ssh-ed25519 AAAA\n* ssh-ed25519 AAAA', 'a@b.c AAAA', '']) assert.ok(!parse(line), line);
  });
});
