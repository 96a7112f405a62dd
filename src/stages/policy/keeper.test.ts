import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditEvent } from '../../core/entry.ts';
import { PolicyKeeper } from './keeper.ts';
import { loadPolicies } from './load.ts';
import { actionOf, alice, shop } from './sets.test-support.ts';

const open = '@id("open") @reason("Work.") permit (principal, action, resource);';
const shut = '@id("shut") @approval("dba") forbid (principal, action == Action::"shop:drop", resource);';

describe('the keeper of the policies', () => {
  let root = '';
  let folder = '';
  let versions = '';
  let count = 0;
  let events: AuditEvent[] = [];
  let lines: string[] = [];
  let changes = 0;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'chaperone-keeper-'));
  });
  after(() => rmSync(root, { recursive: true }));
  beforeEach(() => {
    folder = join(root, String((count += 1)), 'policies');
    versions = join(root, String(count), 'state');
    mkdirSync(folder, { recursive: true });
    events = [];
    lines = [];
    changes = 0;
    write('a.cedar', open);
  });

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const drop = actionOf(['drop public.log']);
  const who = { principal: alice, connection: 'orders', run: null };
  const verdictOf = (keeper: PolicyKeeper) => {
    const verdict = keeper.judge(who, drop);
    assert.ok(!(verdict instanceof Promise), 'one demand is judged at once');
    return verdict;
  };
  const kindOf = (keeper: PolicyKeeper) => verdictOf(keeper).kind;

  /** A keeper for as long as `work` takes. */
  async function keeping(work: (keeper: PolicyKeeper) => Promise<void> | void): Promise<void> {
    const first = await loadPolicies(folder, { catalogs: [shop] });
    assert.ok('version' in first, JSON.stringify(first));
    const keeper = await PolicyKeeper.open({
      first,
      folder,
      catalogs: [shop],
      versions,
      now: () => Date.UTC(2026, 10, 25),
      log: (_level, line) => void lines.push(line),
      audit: async (event) => void events.push(event),
      changed: () => void (changes += 1),
    });
    try {
      await work(keeper);
    } finally {
      await keeper.close();
    }
  }

  test('follows a change by itself, at once and as a whole', () =>
    keeping(async (keeper) => {
      assert.equal(kindOf(keeper), 'permit');
      write('b.cedar', shut);
      while (kindOf(keeper) === 'permit') await pause(20);
      assert.equal(kindOf(keeper), 'question');
      assert.deepEqual(
        keeper.inForce().items.map(({ id, file, line, effect, approval }) => [id, file, line, effect, approval]),
        [
          ['open', 'a.cedar', 1, 'permit', null],
          ['shut', 'b.cedar', 1, 'forbid', 'dba'],
        ],
      );
    }));

  test('each change is on record, and its version is kept with its files', () =>
    keeping(async (keeper) => {
      const first = keeper.inForce().version;
      mkdirSync(join(folder, 'more'));
      write('more/b.cedar', shut);
      write('a.cedar', `${open} `);
      await keeper.reload();
      const { version, author, since } = keeper.inForce();
      assert.notEqual(version, first);
      assert.equal(since, '2026-11-25T00:00:00.000Z');
      assert.match(author, /owner of the files/);
      assert.deepEqual(
        events.map(({ event, actor, detail }) => [event, actor, detail['version'], detail['previous'], detail['added'], detail['changed']]),
        [
          ['policies.changed', 'gateway', first, null, undefined, undefined],
          ['policies.changed', 'gateway', version, first, ['shut'], []],
        ],
      );
      assert.deepEqual(readdirSync(versions).toSorted(), [first, version, 'current.json'].toSorted());
      assert.equal(readFileSync(join(versions, first, 'a.cedar'), 'utf8'), open);
      assert.equal(readFileSync(join(versions, version, 'more', 'b.cedar'), 'utf8'), shut);
      const note = JSON.parse(readFileSync(join(versions, version, 'version.json'), 'utf8')) as {
        files: { name: string; sha256: string }[];
      };
      assert.deepEqual(
        note.files.map(({ name, sha256 }) => [name, sha256.length]),
        [
          ['a.cedar', 64],
          ['more/b.cedar', 64],
        ],
      );
      assert.equal(verdictOf(keeper).grounds.version, version);
      assert.equal(changes, 1);
    }));

  test('what is being judged when others come into force is judged by them', () =>
    keeping(async (keeper) => {
      // A policy that names an object lets none of the demands stand for another.
      write('b.cedar', 'permit (principal, action, resource == Table::"orders:public.secret");');
      while (keeper.inForce().items.length < 2) await pause(20);
      const demands = Array.from({ length: 1_000 }, (_, index) => `drop public.t${index}`);
      const verdict = keeper.judge(who, actionOf(demands));
      assert.ok(verdict instanceof Promise);
      const seen = verdict.then(({ grounds }) => [grounds.version, keeper.inForce().version]);
      write('b.cedar', shut);
      await keeper.reload();
      const [judgedBy, inForce] = await seen;
      assert.equal(judgedBy, inForce);
    }));

  test('a set with a mistake changes nothing, and everybody is told where it is', () =>
    keeping(async (keeper) => {
      const { version } = keeper.inForce();
      write('b.cedar', `${shut}\n\npermit (principal, action == Action::"shop:dorp", resource);`);
      await keeper.reload();
      await keeper.reload();
      const { problems, ...rest } = keeper.inForce();
      assert.equal(rest.version, version);
      assert.equal(kindOf(keeper), 'permit');
      assert.deepEqual(
        problems.map(({ file, line }) => [file, line]),
        [[join(folder, 'b.cedar'), 3]],
      );
      assert.match(lines.join('\n'), /not in order; version [0-9a-f]{12} stays in force\n.*b\.cedar:3: unrecognized action/);
      assert.deepEqual(
        events.map(({ event }) => event),
        ['policies.changed', 'policies.rejected'],
      );
      rmSync(join(folder, 'b.cedar'));
      await keeper.reload();
      assert.deepEqual(keeper.inForce().problems, []);
      assert.equal(events.length, 2);
    }));

  test('a folder that goes away changes nothing', () =>
    keeping(async (keeper) => {
      rmSync(folder, { recursive: true });
      await keeper.reload();
      assert.equal(kindOf(keeper), 'permit');
      assert.match(String(keeper.inForce().problems[0]?.message), /ENOENT/);
      mkdirSync(folder);
      await keeper.reload();
      assert.equal(kindOf(keeper), 'refusal');
    }));

  test('a start with what was in force says nothing; with something else it does', async () => {
    await keeping(() => {});
    await keeping(() => {});
    assert.equal(events.length, 1);
    write('a.cedar', `${open}\n`);
    await keeping(() => {});
    assert.equal(events.length, 2);
    assert.equal(events[1]?.detail['previous'], events[0]?.detail['version']);
  });

  test('a version that came back is the same version', () =>
    keeping(async (keeper) => {
      const { version } = keeper.inForce();
      for (const text of [`${open}\n${shut}`, open]) {
        write('a.cedar', text);
        await keeper.reload();
      }
      assert.equal(keeper.inForce().version, version);
      assert.equal(events.length, 3);
    }));

  test('a change that cannot be kept comes into force all the same', () =>
    keeping(async (keeper) => {
      rmSync(versions, { recursive: true });
      writeFileSync(versions, 'in the way');
      write('b.cedar', shut);
      await keeper.reload();
      assert.equal(kindOf(keeper), 'question');
      assert.match(lines.join('\n'), /could not be kept/);
    }));

  test('the author is that of the commit, where the files are what was committed', async () => {
    const git = (...words: string[]) => execFileSync('git', ['-C', folder, ...words], { stdio: 'ignore' });
    git('init');
    git('add', '.');
    git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '-m', 'Open');
    await keeping(async (keeper) => {
      assert.match(keeper.inForce().author, /^Ada <ada@example\.com>, commit [0-9a-f]+$/);
      write('a.cedar', `${open}\n`);
      await keeper.reload();
      assert.match(keeper.inForce().author, /owner of the files/);
    });
  });

  test('many changes at once end with the last', () =>
    keeping(async (keeper) => {
      await Promise.all(
        Array.from({ length: 5 }, async (_, index) => {
          write('a.cedar', `${open}\n// ${index}\n${index === 4 ? shut : ''}`);
          await keeper.reload();
        }),
      );
      assert.equal(kindOf(keeper), 'question');
    }));
});
