import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import { decodeRecording } from '../../src/archive/decoded.ts';
import { patchText } from '../../src/archive/patches.ts';
import type { Action } from '../../src/core/action.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Question } from '../../src/core/verdict.ts';
import { everybody } from '../rig/data-plane.ts';
import type { Approval } from '../../src/stages/approvals/approval.ts';
import type { Told } from '../../src/stages/approvals/desk.ts';
import { type Approvals, createApprovals, type OpenDesk, openDesk } from '../../src/stages/approvals/index.ts';
import { createDecoder } from '../../src/protocols/git/decoder.ts';
import { type GitTrial, openTrial } from '../../src/protocols/git/testing/trial.ts';

const grounds = { policies: ['main-needs-review'], version: 'v1' };
const question: Question = {
  kind: 'question',
  what: 'A push to refs/heads/main',
  rules: ['main-needs-review'],
  groups: ['dba'],
  reasons: ['Main is reviewed.'],
  grounds,
};
const reviewer = {
  issuer: 'https://login.example.test',
  subject: 'grace',
  email: 'grace@example.com',
  groups: ['dba'],
  agent: null,
  via: 'api',
} as const;

/** Pushes to main and to the release branch are asked about; everything else passes. */
function judge(_circumstance: unknown, action: Action) {
  return action.demands.some(({ object }) => object?.name === 'refs/heads/main' || object?.name === 'refs/heads/release') &&
    action.name !== 'git:list'
    ? question
    : everybody;
}

async function* asStream(entries: readonly Entry[]): AsyncGenerator<Entry> {
  yield* entries;
}

describe('a push that people are asked about', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-git-approvals-'));
  let trial: GitTrial;
  let desk: OpenDesk;
  let approvals: Approvals;
  let work: string;
  /** Whether nobody waits for the answer. */
  let hasty = false;
  before(async () => {
    let told: (told: Told) => void = () => {};
    const settings = { waitMs: 60_000, expireMs: 600_000, people: 1, webhooks: [], slack: [] };
    const common = { now: Date.now, log: () => {} };
    desk = await openDesk({
      ...common,
      path: join(folder, 'approvals.db'),
      settings,
      soFar: () => null,
      policyVersion: 'v1',
      address: () => 'http://127.0.0.1/approvals/',
      audit: async () => {},
      tell: (message) => told(message),
    });
    approvals = createApprovals({
      ...common,
      ...settings,
      desk: desk.desk,
      address: 'http://127.0.0.1/approvals/',
      policyVersion: () => 'v1',
    });
    told = (message) => approvals.told(message);
    const late = createApprovals({
      ...common,
      ...settings,
      waitMs: 0,
      desk: desk.desk,
      address: 'http://127.0.0.1/approvals/',
      policyVersion: () => 'v1',
    });
    trial = await openTrial({ judge, ask: (...question) => (hasty ? late : approvals).ask(...question) });
    work = await trial.clone('work');
    await trial.commit(work, { 'begin.txt': 'b\n' });
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:refs/heads/begin');
  });
  after(async () => {
    await trial?.[Symbol.asyncDispose]();
    await desk?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  // A test that fails leaves no question behind for the next to answer.
  afterEach(async () => {
    for (const { id, digest } of desk.desk.list({ status: 'open' }, { ...reviewer, all: true }, { limit: 100, cursor: null }).items)
      await desk.desk.decide(id, reviewer, { decision: 'deny', reason: null, digest });
  });

  const open = () => desk.desk.list({ status: 'open' }, { ...reviewer, all: true }, { limit: 100, cursor: null }).items;
  /** The one question that is open, once it is. */
  async function asked(): Promise<Approval> {
    for (;;) {
      const [open] = desk.desk.list({ status: 'open' }, { ...reviewer, all: true }, { limit: 1, cursor: null }).items;
      if (open !== undefined) return open;
      await pause(5);
    }
  }
  const approve = (approval: Approval) =>
    desk.desk.decide(approval.id, reviewer, { decision: 'approve', reason: null, digest: approval.digest });
  const push = (...refs: string[]) => trial.git(work, 'push', 'origin', ...refs);
  const lines = () => decodeRecording(asStream(trial.plane.entries()), createDecoder());
  function onRecord(line: string): boolean {
    const decoder = createDecoder();
    return trial.plane
      .entries()
      .flatMap((entry) => (entry.kind === 'bytes' ? decoder.bytes(entry.exchange, entry.direction, entry.bytes) : []))
      .some((part) => part.shape === 'text' && part.text.includes(line));
  }

  test('waits, shows its diff, tells who waits, and passes once it is approved', async () => {
    const head = await trial.commit(work, { 'reviewed.txt': 'a line to review\n' }, 'Review me');
    const pushed = push('HEAD:main');
    const approval = await asked();
    assert.match(approval.text, /^create refs\/heads\/main/);
    assert.match(approval.text, /\+a line to review/);
    assert.match(approval.text, /Ada <ada@example.com> Review me/);
    assert.equal((await trial.refs())['refs/heads/main'], undefined);
    // All of it can be looked at while it waits; the journal is written beside the question.
    while (!onRecord('+a line to review')) await pause(5);
    await approve(approval);
    const { code, out } = await pushed;
    assert.equal(code, 0, out);
    assert.match(out, /remote: A push to refs\/heads\/main needs approval by a member of "dba"/);
    assert.ok(out.includes(`http://127.0.0.1/approvals/${approval.id}`));
    assert.equal((await trial.refs())['refs/heads/main'], head);
  });

  test('is refused in words where somebody says no', async () => {
    await trial.commit(work, { 'unwanted.txt': 'u\n' });
    const pushed = push('HEAD:main');
    const approval = await asked();
    await desk.desk.decide(approval.id, reviewer, { decision: 'deny', reason: 'Not on a Friday', digest: approval.digest });
    const { code, out } = await pushed;
    assert.equal(code, 1);
    assert.match(out, /remote: Chaperone ACCESS_REFUSED:.*Not on a Friday/);
    assert.match(out, /! \[remote rejected\] HEAD -> main \(ACCESS_REFUSED/);
    assert.ok(onRecord('+u'));
    const mailbox = (await Array.fromAsync(patchText(lines))).join('');
    assert.ok(
      mailbox.includes('+a line to review') && !mailbox.includes('unwanted.txt'),
      'in the mailbox is what was pushed, and that alone',
    );
    assert.doesNotMatch(mailbox, /^X-Chaperone-Outcome/m);
  });

  test('takes its question along when the client goes', async () => {
    const head = await trial.commit(work, { 'gone.txt': 'g\n' });
    const child = spawn('git', ['push', 'origin', 'HEAD:main'], { cwd: work, env: trial.environment, detached: true, stdio: 'ignore' });
    const gone = once(child, 'close');
    const approval = await asked();
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await gone;
    while (desk.desk.one(approval.id, { ...reviewer, all: true })?.status === 'open') await pause(5);
    assert.ok('kind' in (await approve(approval)));
    assert.notEqual((await trial.refs())['refs/heads/main'], head);
    await trial.swept();
  });

  test('tells people why by a push option, or by a header that goes to no target', async () => {
    hasty = true;
    await trial.commit(work, { 'why.txt': 'w\n' });
    const untold = await push('HEAD:main');
    assert.match(untold.out, /No reason was given; to give people one, send it anew with git push -o reason="…", or the header/);
    const statedBy = async (...args: readonly string[]) => {
      const before = new Set(open().map(({ id }) => id));
      const { out } = await trial.git(work, ...args, 'HEAD:main');
      assert.doesNotMatch(out, /No reason was given/);
      return open().find(({ id }) => !before.has(id))?.stated;
    };
    assert.equal(await statedBy('push', '-o', 'reason=the fix of today', 'origin'), 'the fix of today');
    assert.equal(await statedBy('-c', `http.${trial.url}.extraHeader=Chaperone-Reason: by a header`, 'push', 'origin'), 'by a header');
    const hostile = '<!channel> <b>x</b> \u202etxet';
    assert.equal(await statedBy('push', '-o', `reason=${hostile}`, 'origin'), hostile);
    assert.ok(!onRecord('by a header'), 'it is no part of what goes to the target');
    hasty = false;
  });

  test('passes once when it comes again in another pack, and not twice', async () => {
    hasty = true;
    const before = (await trial.refs())['refs/heads/main'] ?? '';
    const head = await trial.commit(work, { 'again.txt': 'again\n'.repeat(500) }, 'Again');
    const first = await push('HEAD:main');
    assert.equal(first.code, 1);
    assert.match(first.out, /send exactly the same again: it passes once/);
    await approve(await asked());
    // Packed anew, to other bytes for the same objects.
    await trial.must(work, 'config', 'pack.compression', '0');
    await trial.must(work, 'repack', '-adfq');
    const second = await push('HEAD:main');
    assert.equal(second.code, 0, second.out);
    assert.equal((await trial.refs())['refs/heads/main'], head);
    const sent = trial.plane.entries().flatMap((entry) => (entry.kind === 'bytes' && entry.direction === 'request' ? [entry.bytes] : []));
    const packs = sent
      .map((bytes) => bytes.subarray(Buffer.from(bytes).indexOf('PACK')))
      .filter((bytes) => Buffer.from(bytes).toString('latin1', 0, 4) === 'PACK');
    assert.notDeepEqual(packs.at(-1), packs.at(-2));
    // Played once more from the same start, it is a question again.
    await trial.must(trial.repository, 'update-ref', 'refs/heads/main', before);
    const third = await push('HEAD:main');
    assert.match(third.out, /nobody has answered yet/);
    assert.equal((await trial.refs())['refs/heads/main'], before);
    const open = await asked();
    await desk.desk.decide(open.id, reviewer, { decision: 'deny', reason: null, digest: open.digest });
    hasty = false;
    await trial.must(work, 'reset', '--quiet', '--hard', before);
  });

  test('is bound to its refs and objects: another commit, another ref asks anew', async () => {
    await trial.commit(work, { 'bound.txt': '1\n' });
    const first = push('HEAD:main');
    const approval = await asked();
    await approve(approval);
    await first;
    await trial.commit(work, { 'bound.txt': '2\n' });
    const other = push('HEAD:main');
    const again = await asked();
    assert.notEqual(again.digest, approval.digest);
    await desk.desk.decide(again.id, reviewer, { decision: 'deny', reason: null, digest: again.digest });
    assert.equal((await other).code, 1);
    const elsewhere = push('HEAD:refs/heads/release');
    const third = await asked();
    assert.notEqual(third.digest, again.digest);
    await desk.desk.decide(third.id, reviewer, { decision: 'deny', reason: null, digest: third.digest });
    assert.equal((await elsewhere).code, 1);
  });

  test('is not approved by whoever pushes, whatever its committer says', async () => {
    await trial.must(work, '-c', 'user.email=grace@example.com', 'commit', '--quiet', '--allow-empty', '--message', 'Forged');
    const pushed = push('HEAD:main');
    const approval = await asked();
    // The requester is the token's principal, not the committer.
    assert.equal(approval.requester.email, 'ada@example.com');
    const own = { ...reviewer, issuer: approval.requester.issuer, subject: approval.requester.subject, email: 'ada@example.com' };
    const refused = await desk.desk.decide(approval.id, own, { decision: 'approve', reason: null, digest: approval.digest });
    assert.ok('kind' in refused);
    const { facts } = trial.plane.entries().findLast((entry) => entry.kind === 'exchange')?.action ?? assert.fail('no exchange');
    assert.deepEqual([facts['authorMismatch'], facts['committerMismatch']], [true, true]);
    await desk.desk.decide(approval.id, reviewer, { decision: 'deny', reason: null, digest: approval.digest });
    await pushed;
  });

  test('is refused by the target where the ref has moved between approval and push', async () => {
    const old = (await trial.refs())['refs/heads/main'] ?? '';
    await trial.must(work, 'reset', '--quiet', '--hard', old);
    await trial.commit(work, { 'late.txt': 'l\n' });
    const pushed = push('HEAD:main');
    const approval = await asked();
    // Somebody else pushes to the target itself meanwhile.
    const moved = (await trial.must(trial.repository, 'commit-tree', '-p', old, '-m', 'Meanwhile', `${old}^{tree}`)).trim();
    await trial.must(trial.repository, 'update-ref', 'refs/heads/main', moved);
    await approve(approval);
    const { code, out } = await pushed;
    assert.equal(code, 1);
    assert.match(out, /remote rejected|failed to update|cannot lock ref|fetch first/);
    assert.equal((await trial.refs())['refs/heads/main'], moved);
    await trial.swept();
    const after = await push('HEAD:main');
    assert.match(after.out, /fetch first|rejected/);
  });
});
