import { GitFailed } from './native.ts';
import type { FileChange } from './inspection.ts';

/** What a reader of patches is told, in the order of the text. */
export interface PatchEvents {
  /** A file's change begins. */
  file(path: string): void;
  /** A line that was added, from where to where in the block it stands without its mark and line feed, and its number in the new file. */
  added(block: Buffer, from: number, end: number, number: number): void;
  /** The mode that a file has now: 120000 is a symbolic link, 160000 a submodule. */
  mode(path: string, mode: string): void;
  /** The line that stands at `from` up to `to` of the block says whose changes follow. False where it is not the one that must come. */
  commit(id: string, from: number, to: number): boolean;
}

interface Hunk {
  readonly oldLeft: number[];
  newLeft: number;
  number: number;
}

const [space, plus, minus, backslash] = [0x20, 0x2b, 0x2d, 0x5c];
const lineFeed = 0x0a;
const isId = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const longestHeader = 64 * 1024;

/**
 * Reads what `git diff-tree -p --no-renames` writes. Hunks are counted by their own heads, so that no content can be taken for a
 * header: whoever pushes chooses every byte of it.
 */
export class PatchReader {
  readonly #events: PatchEvents;
  readonly #files = new Map<string, FileChange & { added: number; removed: number; binary: boolean }>();
  #file: (FileChange & { added: number; removed: number; binary: boolean }) | null = null;
  #hunk: Hunk | null = null;
  constructor(events: PatchEvents) {
    this.#events = events;
  }

  /** Every file that has been changed so far, each once. */
  get files(): readonly FileChange[] {
    return [...this.#files.values()];
  }

  /** Takes a block of whole lines. */
  feed(block: Buffer): void {
    // No view is made of a line: there are millions of them.
    for (let from = 0, end = block.indexOf(lineFeed); end !== -1; from = end + 1, end = block.indexOf(lineFeed, from))
      if (this.#hunk === null) this.#outside(block, from, end);
      else this.#content(block, from, end, this.#hunk);
  }

  /** Throws where the text broke off within a change. */
  end(): void {
    if (this.#hunk !== null) throw new GitFailed('a patch that breaks off');
    this.#file = null;
  }

  #outside(block: Buffer, from: number, end: number): void {
    // "\ No newline at end of file" may come behind a hunk's last line; an added line can stand nowhere else than in a hunk.
    if (from === end || block[from] === backslash) return;
    if (end - from > longestHeader) throw new GitFailed('a header of a patch that is too long');
    const text = block.toString('latin1', from, end);
    if (isId.test(text) && this.#events.commit(text, from, end + 1)) this.#file = null;
    else this.#header(text);
  }

  #content(block: Buffer, from: number, end: number, hunk: Hunk): void {
    const { oldLeft } = hunk;
    const parents = oldLeft.length;
    if (block[from] === backslash && block[from + 1] === space) return;
    let [isOld, isAdded] = [false, true];
    for (let at = from; at < from + parents; at += 1) {
      const mark = at < end ? block[at] : space;
      if (mark === minus) isOld = true;
      else if (mark === space) isAdded = false;
      else if (mark !== plus) throw new GitFailed('a line of a patch without its mark');
    }
    const counted = isOld ? minus : space;
    let left = 0;
    for (let parent = 0; parent < parents; parent += 1) {
      const mark = from + parent < end ? block[from + parent] : space;
      if (mark === counted) oldLeft[parent] = (oldLeft[parent] ?? 0) - 1;
      left = Math.max(left, oldLeft[parent] ?? 0);
    }
    const file = this.#file;
    if (isOld && file) file.removed += 1;
    if (!isOld) {
      if (isAdded && file) {
        file.added += 1;
        this.#events.added(block, Math.min(from + parents, end), end, hunk.number);
      }
      hunk.newLeft -= 1;
      hunk.number += 1;
    }
    if (hunk.newLeft <= 0 && left <= 0) this.#hunk = null;
  }

  #header(text: string): void {
    const started = /^diff --(git|cc|combined) (.*)$/.exec(text);
    if (started !== null) return this.#begin(started[1] === 'git' ? samePath(started[2] ?? '') : unquoted(started[2] ?? ''));
    const marks = /^(@{2,})((?: -\d+(?:,\d+)?)+) \+(\d+)(?:,(\d+))? @/.exec(text);
    if (marks !== null) return this.#open(marks);
    if (text === 'GIT binary patch' || /^Binary files .* differ$/.test(text)) {
      if (this.#file !== null) this.#file.binary = true;
      return;
    }
    const mode = /^new (?:file )?mode (\d+)|^index .* (\d{6})$|^mode [\d,]+\.\.(\d+)$/.exec(text);
    if (mode !== null && this.#file !== null) this.#events.mode(this.#file.path, mode[1] ?? mode[2] ?? mode[3] ?? '');
  }

  #begin(path: string): void {
    let file = this.#files.get(path);
    if (file === undefined) this.#files.set(path, (file = { path, added: 0, removed: 0, binary: false }));
    this.#file = file;
    this.#events.file(path);
  }

  #open([, marks = '', old = '', start = '', count]: readonly (string | undefined)[]): void {
    const oldLeft = [...old.matchAll(/-\d+(?:,(\d+))?/g)].map(([, length]) => Number(length ?? 1));
    if (oldLeft.length !== marks.length - 1 || this.#file === null) throw new GitFailed('a hunk of a patch that is none');
    const hunk = { oldLeft, newLeft: Number(count ?? 1), number: Number(start) };
    if (hunk.newLeft > 0 || oldLeft.some((left) => left > 0)) this.#hunk = hunk;
  }
}

/** `a/PATH b/PATH`: without renames both are the same, so that it is cut in the middle, whatever is in the name. */
function samePath(both: string): string {
  const half = both.slice(0, (both.length - 1) / 2);
  return unquoted(half).replace(/^a\//, '');
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };

/** A path as git quotes it (core.quotePath of git-config(1)). */
function unquoted(text: string): string {
  const inner = /^"(.*)"$/s.exec(text)?.[1];
  const bytes = inner?.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) =>
    /^[0-7]{3}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (escapes[code] ?? code),
  );
  return Buffer.from(bytes ?? text, 'latin1').toString('utf8');
}

/** Joins a stream into blocks of whole lines, each cut behind a line feed. */
export class LineBlocks {
  #held: Buffer[] = [];

  feed(chunk: Buffer): Buffer | null {
    const end = chunk.lastIndexOf(lineFeed) + 1;
    if (end === 0) {
      this.#held.push(chunk);
      return null;
    }
    const block = Buffer.concat([...this.#held, chunk.subarray(0, end)]);
    this.#held = end === chunk.length ? [] : [chunk.subarray(end)];
    return block;
  }

  /** What is left, which ends without a line feed. */
  get rest(): number {
    return this.#held.reduce((sum, piece) => sum + piece.length, 0);
  }
}
