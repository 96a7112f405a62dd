import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Action } from '../../core/action.ts';
import { type Permit, type Refusal, refuse } from '../../core/verdict.ts';
import { everybody } from '../../../test/rig/data-plane.ts';
import { startTap } from '../../../test/rig/tap.ts';
import { createDecoder } from './decoder.ts';
import { type GitTrial, openTrial, password, run } from './testing/trial.ts';

const hasLfs =
  existsSync('/usr/bin/git-lfs') || (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'git-lfs')));

describe('git, as people use it', () => {
  let trial: GitTrial;
  let work: string;
  const seen: Action[] = [];
  let judged: (action: Action) => Permit | Refusal = () => everybody;
  before(async () => {
    trial = await openTrial({ judge: (_, action) => (seen.push(action), judged(action)) });
    work = await trial.clone('work');
  });
  after(() => trial?.[Symbol.asyncDispose]());

  const last = (name: string) =>
    seen.findLast((action) => action.demands.some((demand) => demand.action === name)) ?? assert.fail(`no ${name}`);

  test('pushes a first commit, and clones it again', async () => {
    const head = await trial.commit(
      work,
      { 'src/größe.txt': 'one\ntwo\n', 'with space.txt': 'x\n', 'picture.bin': randomBytes(3_000) },
      'Begin',
    );
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    assert.equal((await trial.refs())['refs/heads/main'], head);
    const { facts, demands } = last('git:create');
    assert.deepEqual(demands, [{ action: 'git:create', effect: 'write', object: { type: 'Ref', name: 'refs/heads/main' } }]);
    assert.deepEqual(facts['paths'], ['picture.bin', 'src/größe.txt', 'with space.txt']);
    assert.deepEqual([facts['commits'], facts['addedLines'], facts['removedLines'], facts['binaryFiles']], [1, 3, 0, ['picture.bin']]);
    assert.deepEqual(
      [facts['authorMismatch'], facts['committerMismatch'], facts['signed'], facts['inspected']],
      [false, false, false, true],
    );
    const copy = await trial.clone('copy');
    assert.equal(readFileSync(join(copy, 'src/größe.txt'), 'utf8'), 'one\ntwo\n');
  });

  for (const version of [0, 1, 2])
    test(`clones, fetches and pushes by version ${version} of the protocol`, async () => {
      const config = ['-c', `protocol.version=${version}`];
      const head = await trial.commit(work, { 'version.txt': `${version}\n` });
      await trial.must(work, ...config, 'push', '--quiet', 'origin', 'HEAD:main');
      await trial.must(trial.folder, ...config, 'clone', '--quiet', trial.url, `version-${version}`);
      assert.equal((await trial.must(join(trial.folder, `version-${version}`), 'rev-parse', 'HEAD')).trim(), head);
      assert.equal(last('git:fetch').facts['protocolVersion'], version);
      await trial.must(join(trial.folder, 'copy'), ...config, 'pull', '--quiet');
      assert.equal((await trial.must(join(trial.folder, 'copy'), 'rev-parse', 'HEAD')).trim(), head);
    });

  test('clones a part: shallow, and without blobs', async () => {
    const shallow = await trial.clone('shallow', '--depth=1');
    assert.equal((await trial.must(shallow, 'rev-list', '--count', 'HEAD')).trim(), '1');
    assert.equal(last('git:fetch').facts['shallow'], true);
    const count = seen.length;
    const partial = await trial.clone('partial', '--filter=blob:none', '--no-checkout');
    assert.equal(seen.slice(count).find((action) => action.name === 'git:fetch')?.facts['filter'], 'blob:none');
    await trial.must(partial, 'checkout', '--quiet');
    // What a shallow clone pushes is read against the whole history.
    await trial.commit(shallow, { 'shallow.txt': 's\n' });
    await trial.must(shallow, 'push', '--quiet', 'origin', 'HEAD:refs/heads/from-shallow');
    assert.deepEqual(last('git:create').facts['paths'], ['shallow.txt']);
  });

  test('moves tags and branches, by force and away', async () => {
    await trial.must(work, 'tag', '--annotate', '--message', 'First\n\nof many narwhals', 'v1');
    await trial.must(work, 'push', '--quiet', 'origin', 'v1');
    assert.match(last('git:create').text, /\n1 annotated tag:\n {2}v1 .+ <.+> First$/m);
    const old = (await trial.must(work, 'rev-parse', 'HEAD')).trim();
    await trial.must(work, 'reset', '--quiet', '--hard', 'HEAD~1');
    const head = await trial.commit(work, { 'other.txt': 'o\n' });
    const rejected = await trial.git(work, 'push', 'origin', 'HEAD:main');
    assert.match(rejected.out, /non-fast-forward|fetch first/);
    await trial.must(work, 'push', '--quiet', '--force', 'origin', 'HEAD:main');
    assert.equal((await trial.refs())['refs/heads/main'], head);
    const forced = last('git:force');
    assert.deepEqual(
      forced.demands.map(({ action, effect }) => [action, effect]),
      [
        ['git:push', 'write'],
        ['git:force', 'schema'],
      ],
    );
    assert.equal(forced.facts['forced'], true);
    // What a force takes away is a change of the ref, though no new commit has it.
    assert.deepEqual(forced.facts['paths'], ['other.txt', 'version.txt']);
    await trial.must(work, 'tag', '--force', 'v1', old);
    await trial.must(work, 'push', '--quiet', '--force', 'origin', 'v1');
    assert.equal(last('git:force').objects[0]?.name, 'refs/tags/v1');
    await trial.must(work, 'push', '--quiet', 'origin', '--delete', 'v1');
    assert.deepEqual(last('git:delete').demands, [
      { action: 'git:delete', effect: 'schema', object: { type: 'Ref', name: 'refs/tags/v1' } },
    ]);
    assert.equal((await trial.refs())['refs/tags/v1'], undefined);
  });

  test('pushes several refs at once, each a demand of its own', async () => {
    await trial.commit(work, { 'several.txt': '1\n' });
    await trial.must(work, 'push', '--quiet', '--atomic', 'origin', 'HEAD:main', 'HEAD:refs/heads/a', ':refs/heads/from-shallow');
    const { demands } = last('git:delete');
    assert.deepEqual(demands.map(({ action, object }) => `${action} ${object?.name}`).toSorted(), [
      'git:create refs/heads/a',
      'git:delete refs/heads/from-shallow',
      'git:push refs/heads/main',
    ]);
  });

  test('pushes a merge whose own lines are in no other commit', async () => {
    await trial.must(work, 'checkout', '--quiet', '-b', 'side', 'HEAD~1');
    await trial.commit(work, { 'side.txt': 's\n' });
    await trial.must(work, 'checkout', '--quiet', '-');
    await trial.must(work, 'merge', '--quiet', '--no-commit', '--no-ff', 'side');
    await trial.commit(work, { 'evil.txt': `token: ghp_${'aB3dE5gH7jK9'.repeat(3)}\n` }, 'Merge');
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    const { facts, text } = last('git:push');
    assert.deepEqual([facts['commits'], facts['paths'], facts['addedLines']], [2, ['side.txt', 'evil.txt'], 2]);
    assert.deepEqual(facts['secrets'], ['evil.txt:1:github']);
    assert.ok(!JSON.stringify({ facts, text: text.split('diff --')[0] }).includes('aB3dE5gH7jK9'));
  });

  test('says in a commit or a tag what looks like a secret', async () => {
    const said = `Say it\n\ntoken: ghp_${'cD5fG7iK9lM1'.repeat(3)}`;
    const commit = await trial.commit(work, { 'said.txt': 'nothing\n' }, said);
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:refs/heads/said');
    assert.deepEqual(last('git:create').facts['secrets'], [`commit ${commit.slice(0, 12)}:3:github`]);
    await trial.must(work, 'tag', '--annotate', '--message', said, 'said', 'HEAD~1');
    await trial.must(work, 'push', '--quiet', 'origin', 'said');
    const tag = (await trial.must(work, 'rev-parse', 'said')).trim();
    assert.deepEqual(last('git:create').facts['secrets'], [`tag ${tag.slice(0, 12)}:3:github`]);
  });

  test('is told which lines look like secrets where it is refused', async () => {
    await trial.must(work, 'checkout', '--quiet', '-b', 'careless');
    await trial.commit(work, { 'a.env': `one\ntoken: ghp_${'bC4eF6hJ8kL0'.repeat(3)}\n` }, 'Careless');
    judged = ({ name }) => (name === 'git:create' ? refuse('ACCESS_REFUSED', 'No.', 'Ask.') : everybody);
    const { code, out } = await trial.git(work, 'push', 'origin', 'HEAD:careless');
    judged = () => everybody;
    await trial.must(work, 'checkout', '--quiet', '-');
    assert.equal(code, 1);
    assert.match(out, /These lines look like secrets \(path:line:rule\):\s+remote: {3}a\.env:2:github/);
    assert.ok(!out.includes('bC4eF6hJ8kL0'));
  });

  test('sends what it pushes in chunks, and compressed where it fetches much', async () => {
    const far = await startTap(trial.plane.port);
    const url = `http://127.0.0.1:${far.port}/${trial.plane.connection}`;
    const environment = { ...trial.environment, GIT_CONFIG_KEY_0: `http.${url}.extraHeader` };
    const git = async (...args: string[]) => assert.deepEqual((await run('git', args, work, environment)).code, 0, args.join(' '));
    await trial.commit(work, { 'large.bin': randomBytes(3 * 1024 * 1024) });
    await git('push', '--quiet', url, 'HEAD:main');
    for (let index = 0; index < 40; index += 1) await git('tag', `many-${index}`, `HEAD~${index % 3}`);
    await git('push', '--quiet', '--tags', url);
    await git('fetch', '--quiet', '--refetch', url, 'refs/tags/*:refs/other/*');
    const sent = far
      .lines()
      .map(({ request }) => request.toString('latin1'))
      .join('');
    assert.match(sent, /Transfer-Encoding: chunked/i);
    assert.match(sent, /Content-Encoding: gzip/i);
    await far.close();
  });

  test('waits with what it pushes until it is let (Expect: 100-continue)', async () => {
    await trial.commit(work, { 'expected.txt': 'e\n' });
    await trial.must(work, '-c', 'http.expectContinue=true', 'push', '--quiet', 'origin', 'HEAD:main');
  });

  test('tells hooks by push options, and policy of them', async () => {
    const hook = join(trial.repository, 'hooks', 'pre-receive');
    writeFileSync(hook, '#!/bin/sh\necho "options: $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1"\n', { mode: 0o755 });
    await trial.commit(work, { 'options.txt': 'o\n' });
    const told = await trial.must(work, 'push', '-o', 'ci.skip', '-o', 'topic=x', 'origin', 'HEAD:main');
    assert.match(told, /remote: options: ci\.skip topic=x/);
    assert.deepEqual(last('git:push').facts['pushOptions'], ['ci.skip', 'topic=x']);
  });

  test('hears what the target itself refuses', async () => {
    const hook = join(trial.repository, 'hooks', 'pre-receive');
    writeFileSync(hook, '#!/bin/sh\necho "not today"\nexit 1\n', { mode: 0o755 });
    await trial.commit(work, { 'hooked.txt': 'o\n' });
    const { code, out } = await trial.git(work, 'push', 'origin', 'HEAD:main');
    assert.equal(code, 1);
    assert.match(out, /remote: not today[\s\S]*pre-receive hook declined/);
    writeFileSync(hook, '#!/bin/sh\n', { mode: 0o755 });
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
  });

  test('clones with submodules, and tells of them', async () => {
    trial.server.createRepository('team/part.git');
    await trial.must(work, '-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', join(trial.folder, 'copy'), 'part');
    await trial.commit(work, {});
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    assert.deepEqual(last('git:push').facts['submodules'], ['part']);
    assert.deepEqual(last('git:push').facts['paths'], ['.gitmodules', 'part']);
    const whole = await trial.clone('whole', '--recurse-submodules', '-c', 'protocol.file.allow=always');
    assert.ok(existsSync(join(whole, 'part', 'version.txt')));
  });

  test('cannot hide a submodule from policy by what .gitmodules says of it', async () => {
    await trial.must(work, 'config', '--file', '.gitmodules', 'submodule.part.ignore', 'all');
    await trial.commit(work, {}, 'Ignore it');
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    await trial.must(join(work, 'part'), 'checkout', '--quiet', 'HEAD~1');
    await trial.must(work, 'add', '--force', 'part');
    const moved = (await trial.must(join(work, 'part'), 'rev-parse', 'HEAD')).trim();
    await trial.must(work, 'update-index', '--cacheinfo', `160000,${moved},part`);
    await trial.must(work, 'commit', '--quiet', '--allow-empty', '--message', 'Move it');
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    assert.deepEqual(last('git:push').facts['submodules'], ['part']);
  });

  test('merges files that end without a line feed, changed in the merge', async () => {
    await trial.commit(work, { 'ends.txt': 'a\nb\nc' }, 'Ends');
    await trial.must(work, 'checkout', '--quiet', '-b', 'other-end');
    await trial.commit(work, { 'ends.txt': 'a\nb\nd' });
    await trial.must(work, 'checkout', '--quiet', '-');
    await trial.commit(work, { 'ends.txt': 'a\nb\ne' });
    await trial.git(work, 'merge', '--quiet', 'other-end');
    await trial.commit(work, { 'ends.txt': 'a\n\nb\nf' }, 'Merge ends');
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    assert.deepEqual([last('git:push').facts['commits'], last('git:push').facts['paths']], [4, ['ends.txt']]);
  });

  test('cannot take a file away unseen by a merge with a time when it was not there', async () => {
    const old = (await trial.must(work, 'rev-parse', 'HEAD')).trim();
    await trial.commit(work, { CODEOWNERS: '* @security\n' }, 'Name the owners');
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
    // A merge of now and then whose tree is that of then: to each parent it changes nothing that the other does not have.
    const merged = (await trial.must(work, 'commit-tree', '-p', 'HEAD', '-p', old, '-m', 'Merge', `${old}^{tree}`)).trim();
    await trial.must(work, 'push', '--quiet', 'origin', `${merged}:main`);
    const { facts, text } = last('git:push');
    assert.deepEqual([facts['paths'], facts['removedLines']], [['CODEOWNERS'], 1]);
    assert.match(text, /-\* @security/);
    await trial.must(work, 'reset', '--quiet', '--hard', merged);
  });

  test('presents its token by a credential helper', async () => {
    const token = await trial.plane.token();
    const helper = `!f() { test "$1" = get && printf 'username=oauth2\\npassword=${token}\\n'; }; f`;
    const environment = { ...trial.environment, GIT_CONFIG_COUNT: '0' };
    const cloned = await run(
      'git',
      ['-c', `credential.helper=${helper}`, 'clone', '--quiet', trial.url, 'helped'],
      trial.folder,
      environment,
    );
    assert.equal(cloned.code, 0, cloned.out);
    assert.ok(existsSync(join(trial.folder, 'helped', 'options.txt')));
  });

  test('moves large files by Git LFS, whose addresses and credentials stay with the gateway', {
    skip: !hasLfs && 'git-lfs is not installed',
  }, async () => {
    // git-lfs puts .git behind an address that does not end in it, so the longer one is the one to clone by.
    const url = `${trial.url}/web-app.git`;
    await trial.must(trial.folder, 'clone', '--quiet', url, 'lfs');
    const lfs = join(trial.folder, 'lfs');
    await trial.must(lfs, 'lfs', 'install', '--local');
    await trial.must(lfs, 'lfs', 'track', '*.big');
    const large = randomBytes(2 * 1024 * 1024);
    await trial.commit(lfs, { 'large.big': large });
    await trial.must(lfs, 'push', '--quiet', 'origin', 'HEAD:main');
    assert.deepEqual(
      [...trial.server.lfs.objects.values()].map((bytes) => bytes.equals(large)),
      [true],
    );
    assert.equal(last('git:lfs-upload').facts['lfsBytes'], large.length);
    const smudged = [
      '-c',
      'filter.lfs.process=git-lfs filter-process',
      '-c',
      'filter.lfs.required=true',
      '-c',
      'filter.lfs.smudge=git-lfs smudge -- %f',
    ];
    await trial.must(trial.folder, ...smudged, 'clone', '--quiet', url, 'lfs-again');
    const again = join(trial.folder, 'lfs-again');
    assert.ok(readFileSync(join(again, 'large.big')).equals(large));
    assert.equal(last('git:lfs-download').facts['lfsObjects'], 1);
  });

  test('gets nothing of the older protocol, and nothing else', async () => {
    const headers = { authorization: `Bearer ${await trial.plane.token()}` };
    for (const [path, status] of [
      ['/HEAD', 404],
      ['/info/refs', 404],
      ['/objects/info/packs', 404],
      ['/config', 404],
      ['/info/refs?service=git-upload-archive', 404],
      ['/info/refs?service=git-upload-pack&x=y', 404],
      ['/info/../info/refs?service=git-upload-pack', 404],
      ['/%67it-upload-pack', 404],
    ] as const) {
      const response = await fetch(`${trial.url}/%00`.replace('/%00', path), { headers });
      assert.equal(response.status, path.includes('..') ? 200 : status, path);
      await response.body?.cancel();
    }
  });

  test('leaves everything on record, and no credential in it', async () => {
    const entries = trial.plane.entries();
    const bytes = Buffer.concat(entries.flatMap((entry) => (entry.kind === 'bytes' ? [entry.bytes] : [])));
    for (const secret of [password, Buffer.from(`bot:${password}`).toString('base64'), trial.server.lfs.secret, 'signature=signed'])
      assert.ok(!bytes.includes(secret) && !JSON.stringify(entries.filter(({ kind }) => kind !== 'bytes')).includes(secret), secret);
    const decoder = createDecoder();
    const texts = entries.flatMap((entry) =>
      entry.kind === 'bytes'
        ? decoder.bytes(entry.exchange, entry.direction, entry.bytes).flatMap((part) => (part.shape === 'text' ? [part.text] : []))
        : [],
    );
    const all = texts.join('');
    for (const line of ['+++ b/evil.txt', '+one', '+++ b/with space.txt']) assert.ok(all.includes(line), line);
    assert.ok(bytes.includes('First\\n\\nof many narwhals'), 'what a tag says');
    assert.deepEqual(trial.plane.log, []);
    await trial.swept();
  });
});

describe('a repository of SHA-256', () => {
  test('is pushed to and cloned, from its first commit on', async () => {
    await using trial = await openTrial();
    rmSync(trial.repository, { recursive: true });
    trial.server.createRepository('team/web-app.git', '--object-format=sha256');
    await trial.must(trial.folder, 'init', '--quiet', '--object-format=sha256', 'work');
    const work = join(trial.folder, 'work');
    await trial.commit(work, { file: 'one\n'.repeat(200) });
    await trial.must(work, 'push', '--quiet', trial.url, 'HEAD:main');
    const head = await trial.commit(work, { file: `${'one\n'.repeat(200)}two\n` });
    await trial.must(work, 'push', '--quiet', trial.url, 'HEAD:main');
    const copy = await trial.clone('copy');
    assert.equal((await trial.must(copy, 'rev-parse', 'HEAD')).trim(), head);
    assert.equal(head.length, 64);
  });
});
