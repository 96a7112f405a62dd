import { BinaryPatches } from './binary-patch.ts';
import { isTagSigned, readCommit, readTag } from './commit-object.ts';
import { DetailFile } from './detail-file.ts';
import { Flaw } from './flaw.ts';
import { frameKinds } from './framing.ts';
import type { GrowingFile } from './growing-file.ts';
import {
  type CommitFound,
  type Inspected,
  type Inspection,
  type InspectionJob,
  previewChars,
  type RefChange,
  shownSecrets,
  type TagFound,
} from './inspection.ts';
import { GitFailed, runGit } from './native.ts';
import { takePack } from './pack-intake.ts';
import { LineBlocks, PatchReader } from './patch-reader.ts';
import { hasPack, isNone, type RefCommand } from './push-request.ts';
import { SecretSearch } from './secret-search.ts';
import { areVerified } from './signatures.ts';
import { StoredOutput } from './stored-output.ts';

const shownCommits = 200;
const shownTags = 1_000;
const shownOfTag = 4_000;

/**
 * Takes a pushed pack into its quarantine as it comes, and finds out what the push does. Never throws for what a client may have sent. A push
 * that never becomes whole is waited for until nobody wants to know any more.
 */
export async function inspect(job: InspectionJob, spool: GrowingFile, unwanted: AbortSignal): Promise<Inspected> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // How long a client takes to send it is not the gateway's time.
  void spool.whole.then(() => (timer = setTimeout(() => late.abort(), job.limits.ms)));
  try {
    return { kind: 'found', inspection: await new Inspecting(job, spool, AbortSignal.any([late.signal, unwanted])).run() };
  } catch (fault) {
    if (late.signal.aborted)
      return { kind: 'flaw', why: `It takes longer than ${job.limits.ms / 1000} s to find out what the push does.`, large: true };
    if (fault instanceof Flaw) return { kind: 'flaw', why: fault.message, large: fault.large };
    if (fault instanceof GitFailed) return { kind: 'flaw', why: `The push cannot be read: ${fault.message}`, large: false };
    throw fault;
  } finally {
    // Behind the news that it is whole, which may be as old as this.
    void spool.whole.then(() => clearTimeout(timer));
  }
}

class Inspecting {
  readonly #job: InspectionJob;
  readonly #spool: GrowingFile;
  readonly #signal: AbortSignal;
  readonly #secrets = new SecretSearch();
  readonly #commits = new Map<string, CommitFound>();
  readonly #submodules = new Set<string>();
  readonly #symlinks = new Set<string>();
  #preview = '';
  readonly #shown = new BinaryPatches();
  #patchBytes = 0;
  #path = '';
  readonly #readers: PatchReader[] = [];
  readonly #tags: TagFound[] = [];
  #tagCount = 0;

  constructor(job: InspectionJob, spool: GrowingFile, signal: AbortSignal) {
    this.#job = job;
    this.#spool = spool;
    this.#signal = signal;
  }

  async run(): Promise<Inspection> {
    const { commands, limits } = this.#job;
    if (hasPack(this.#job)) await takePack(this.#job, this.#spool, this.#signal);
    const targets = commands.filter((each) => !isNone(each.new)).map((each) => each.new);
    const tags = await this.#newTags(targets);
    const tagsSigned = await this.#readTags(tags);
    const ids = await this.#newCommits(targets);
    if (ids.length > limits.commits)
      throw new Flaw(`The push has more than ${limits.commits} commits that the target does not have.`, true);
    // It takes the longest, and begins with it.
    await using patches = ids.length === 0 ? null : await this.#startPatches(ids);
    await this.#readCommits(ids);
    const refs: RefChange[] = [];
    for (const each of commands) refs.push(await this.#changeOf(each));
    await this.#writeDetail(ids, patches, refs);
    const bytes = await this.#spool.length(this.#signal);
    const verified = await areVerified(this.#job, { commits: [...this.#commits.values()], tags }, this.#signal);
    const signed = tagsSigned && [...this.#commits.values()].every((commit) => commit.signed);
    return this.#found(ids, refs, { signed, verified, packBytes: Math.max(0, bytes - this.#job.packAt) });
  }

  #found(ids: readonly string[], refs: readonly RefChange[], known: Pick<Inspection, 'signed' | 'verified' | 'packBytes'>): Inspection {
    const commits = [...this.#commits.values()];
    const files = new Map(this.#readers.flatMap((reader) => reader.files.map((file) => [file.path, file] as const)));
    const { email } = this.#job;
    const differs = (kind: 'author' | 'committer') => commits.some((commit) => commit[kind].email.toLowerCase() !== email);
    const sums = this.#readers.map((reader) => ({
      added: reader.files.reduce((sum, { added }) => sum + added, 0),
      removed: reader.files.reduce((sum, { removed }) => sum + removed, 0),
    }));
    return {
      refs,
      commits: ids.length,
      firstCommits: commits.slice(0, shownCommits).map(({ id, author, message }) => ({ id, author, message: message.slice(0, 1_000) })),
      tags: this.#tagCount,
      firstTags: this.#tags,
      files: [...files.values()],
      added: Math.max(0, ...sums.map(({ added }) => added)),
      removed: Math.max(0, ...sums.map(({ removed }) => removed)),
      ...known,
      authorMismatch: differs('author'),
      committerMismatch: differs('committer'),
      secrets: [...new Set(this.#secrets.found.map(({ path, line, rule }) => `${path}:${line}:${rule}`))].slice(0, shownSecrets),
      submodules: [...this.#submodules],
      symlinks: [...this.#symlinks],
      preview: this.#preview.slice(0, previewChars),
    };
  }

  /**
   * That the new states are there; that all is there which they need has been seen by index-pack (--strict), and commits and trees are
   * walked below. Resolves with the tags among them.
   */
  async #newTags(targets: readonly string[]): Promise<string[]> {
    if (targets.length === 0) return [];
    const input = targets.map((id) => `${id}\n`).join('');
    const kinds = (await this.#git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], input)).toString();
    if (/ missing$/m.test(kinds)) throw new Flaw('The push sets a ref to an object that it does not bring and the target does not have.');
    return [...kinds.matchAll(/^([0-9a-f]+) tag$/gm)].map(([, id = '']) => id);
  }

  /** Whether all of them are signed. */
  async #readTags(ids: readonly string[]): Promise<boolean> {
    let signed = true;
    this.#tagCount = ids.length;
    for (let from = 0; from < ids.length; from += shownTags) {
      const objects = await this.#objects('tag', ids.slice(from, from + shownTags));
      signed &&= objects.every(({ bytes }) => isTagSigned(bytes));
      for (const { id, bytes } of objects) {
        const tag = readTag(id, bytes);
        await this.#searchMessage(`tag ${id.slice(0, 12)}`, tag.message);
        if (from === 0) this.#tags.push({ ...tag, message: tag.message.slice(0, shownOfTag) });
      }
    }
    return signed;
  }

  /** What a commit or tag says is as public as its files, and stands in none of them. */
  async #searchMessage(of: string, message: string): Promise<void> {
    for (const [index, line] of message.split('\n').entries()) this.#secrets.add(of, index + 1, line);
    this.#secrets.fileEnds();
    await this.#secrets.settle();
  }

  async #newCommits(targets: readonly string[]): Promise<string[]> {
    if (targets.length === 0) return [];
    const input = targets.map((id) => `${id}\n`).join('');
    const most = `--max-count=${this.#job.limits.commits + 1}`;
    const listed = (await this.#git(['rev-list', '--topo-order', '--reverse', most, '--stdin', '--not', '--all'], input)).toString();
    return listed.split('\n').filter(Boolean);
  }

  async #readCommits(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const { id, bytes } of await this.#objects('commit', ids)) {
      const commit = readCommit(id, bytes);
      this.#commits.set(id, commit);
      await this.#searchMessage(`commit ${id.slice(0, 12)}`, commit.message);
    }
  }

  async #objects(wanted: 'commit' | 'tag', ids: readonly string[]): Promise<{ readonly id: string; readonly bytes: Buffer }[]> {
    const out = await this.#git(['cat-file', '--batch'], ids.map((id) => `${id}\n`).join(''));
    const objects: { readonly id: string; readonly bytes: Buffer }[] = [];
    for (let at = 0; at < out.length; ) {
      const end = out.indexOf('\n', at);
      const [id = '', kind, size] = out.toString('latin1', at, end).split(' ');
      const length = Number(size);
      if (kind !== wanted || !Number.isInteger(length)) throw new GitFailed(`a ${wanted} that cannot be read`);
      objects.push({ id, bytes: out.subarray(end + 1, end + 1 + length) });
      at = end + length + 2;
    }
    return objects;
  }

  async #changeOf(given: RefCommand): Promise<RefChange> {
    const deleted = isNone(given.new);
    const created = isNone(given.old) && !deleted;
    if (created || deleted) return { ...given, created, deleted, forced: false };
    // A tag is a name for one state; to move it is never a continuation.
    const forced = given.ref.startsWith('refs/tags/') || !(await this.#contains(given));
    return { ...given, created, deleted, forced };
  }

  async #contains(given: RefCommand): Promise<boolean> {
    try {
      await this.#git(['merge-base', '--is-ancestor', given.old, given.new]);
      return true;
    } catch (fault) {
      // 1 is its way of saying no; everything else (a tag of a tree, say) is no continuation either.
      if (fault instanceof GitFailed && fault.code !== null) return false;
      throw fault;
    }
  }

  /** Every new commit with its patch, and the change of those refs that it does not tell. */
  async #writeDetail(ids: readonly string[], patches: StoredOutput | null, refs: readonly RefChange[]): Promise<void> {
    using file = new DetailFile(this.#job.detail);
    if (patches !== null) await this.#writeCommits(ids, patches, file);
    for (const ref of refs) await this.#writeChange(ref, file);
    await this.#secrets.finish();
    file.flush();
  }

  #startPatches(ids: readonly string[]): Promise<StoredOutput> {
    const args = ['diff-tree', '--stdin', '-r', '--root', '--always', '--cc', ...patchOptions];
    return this.#diff(args, ids.map((id) => `${id}\n`).join(''));
  }

  async #writeCommits(ids: readonly string[], patches: StoredOutput, file: DetailFile): Promise<void> {
    let next = 0;
    let block: Buffer = Buffer.alloc(0);
    let written = 0;
    const reader = this.#newReader((id, from, to) => {
      const commit = id === ids[next] ? this.#commits.get(id) : undefined;
      if (commit === undefined) return false;
      this.#writePatch(block.subarray(written, from), file);
      file.document(frameKinds.commit, commit);
      this.#show(`\ncommit ${id}\n\n`);
      written = to;
      next += 1;
      return true;
    });
    await this.#patch(patches, reader, (lines) => {
      block = lines;
      written = 0;
      reader.feed(lines);
      this.#writePatch(lines.subarray(written), file);
    });
    if (next !== ids.length) throw new GitFailed('git left a commit out');
  }

  /** What a ref's change is as a whole, where its commits one by one do not tell. */
  async #writeChange(change: RefChange, file: DetailFile): Promise<void> {
    const { ref, old, new: state, created, deleted } = change;
    if (created || deleted || !(await this.#saysMore(change))) return;
    file.document(frameKinds.change, { ref, old, new: state });
    this.#show(`\n${ref} as a whole\n\n`);
    const reader = this.#newReader(() => false);
    await using patch = await this.#diff(['diff-tree', '-r', ...patchOptions, old, state], '');
    await this.#patch(patch, reader, (lines) => {
      reader.feed(lines);
      this.#writePatch(lines, file);
    });
  }

  /**
   * Whether a ref's change can be more than what its new commits add: commits that the target has already come into it or are taken
   * away, or a merge takes a file from the side where it never was, which is no change to either of its parents.
   */
  async #saysMore({ old, new: state, forced }: RefChange): Promise<boolean> {
    if (forced || !this.#commits.has(state)) return true;
    return [...this.#commits.values()].some(({ parents }) => parents.length > 1) || this.#bringsKnown(old, state);
  }

  async #bringsKnown(old: string, state: string): Promise<boolean> {
    const all = await this.#git(['rev-list', '--count', state, `^${old}`]);
    const fresh = await this.#git(['rev-list', '--count', state, `^${old}`, '--not', '--all']);
    return Number(all) !== Number(fresh);
  }

  #diff(args: readonly string[], input: string): Promise<StoredOutput> {
    const { place, detail, limits } = this.#job;
    return StoredOutput.of(place, args, { path: `${detail}.patch`, input, most: limits.patch, signal: this.#signal });
  }

  async #patch(patch: StoredOutput, reader: PatchReader, take: (lines: Buffer) => void): Promise<void> {
    this.#readers.push(reader);
    const blocks = new LineBlocks();
    for await (const chunk of patch.read()) {
      this.#patchBytes += chunk.length;
      if (this.#patchBytes > this.#job.limits.patch)
        throw new Flaw(`What the push changes is more than ${this.#job.limits.patch} bytes as a patch.`, true);
      const lines = blocks.feed(chunk);
      if (lines === null) continue;
      take(lines);
      await this.#secrets.settle();
    }
    if (blocks.rest > 0) throw new GitFailed('a patch that breaks off');
    reader.end();
  }

  #newReader(commit: (id: string, from: number, to: number) => boolean): PatchReader {
    return new PatchReader({
      commit,
      file: (path) => {
        this.#path = path;
        this.#secrets.fileEnds();
      },
      added: (block, from, end, number) => this.#secrets.add(this.#path, number, block.toString('utf8', from, end)),
      mode: (path, mode) => {
        if (mode === '160000') this.#submodules.add(path);
        if (mode === '120000') this.#symlinks.add(path);
      },
    });
  }

  #writePatch(patch: Buffer, file: DetailFile): void {
    this.#show(patch);
    file.patch(patch);
  }

  /** The content of binary files is nothing for people. */
  #show(text: string | Buffer): void {
    if (this.#preview.length >= previewChars) return;
    if (typeof text === 'string') this.#preview += text;
    else
      for (const { binary, bytes } of this.#shown.feed(text))
        if (!binary) this.#preview += bytes.toString('utf8', 0, Math.max(0, previewChars - this.#preview.length));
  }

  #git(args: readonly string[], input = ''): Promise<Buffer> {
    return runGit(this.#job.place, args, { signal: this.#signal, input });
  }
}

/** Renames are shown as what they are for the repository, one file gone and another come, so that every line is in the patch. */
const patchOptions = [
  '-p',
  '--binary',
  '--full-index',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=none',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];
