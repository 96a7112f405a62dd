import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { drained } from '../../wire/drained.ts';
import { PktLineReader } from '../../wire/pkt-line.ts';
import { type Advertisement, objectFormatOf } from './advertisement.ts';
import { isRefName, isNone, type RefCommand } from './push-request.ts';
import { complaintOf, ended, GitFailed, type GitPlace, type GitProcess, runGit, startGit } from './native.ts';

/** How the mirror asks its target; what it says is on record before it is sent. */
export interface MirrorLine {
  advertisement(signal: AbortSignal): Promise<Advertisement>;
  /** Sends one request of upload-pack's and gives the answer as it comes. */
  fetch(request: Buffer, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** Where one push is looked into. */
export interface Quarantine {
  readonly folder: string;
  readonly place: GitPlace;
}

/** Packs that pile up, one for each push and fetch, are joined beyond so many. */
const mostPacks = 50;

/**
 * A bare copy of the target's repository, kept so that what a push changes can be told. Native git keeps it and reaches nothing by
 * itself: what it wants to say to the target it says to us.
 */
export class Mirror {
  readonly #folder: string;
  readonly #home: string;
  readonly #repository: string;
  readonly #mostBytes: number;
  /** One at a time: refs and objects are read and changed together. */
  #line: Promise<unknown> = Promise.resolve();
  #opened: Promise<void> | null = null;

  constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#home = join(folder, 'home');
    this.#repository = join(folder, 'mirror.git');
    this.#mostBytes = mostBytes;
  }

  get home(): string {
    return this.#home;
  }
  get place(): GitPlace {
    return { repository: this.#repository, home: this.#home, quarantine: null };
  }

  /** Makes the folders, and clears away what a gateway that died has left behind. */
  open(): Promise<void> {
    return (this.#opened ??= this.#sweep());
  }

  /** Brings the mirror up to the target's refs; resolves with them. */
  refresh(line: MirrorLine, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return this.#inLine(async () => {
      const said = await line.advertisement(signal);
      if (said.shallow) throw new GitFailed('the target has only a part of the history, so what a push changes cannot be told');
      await this.#ensureRepository(objectFormatOf(said), signal);
      const wanted = new Map([...said.refs].filter(([name]) => isRefName(name)));
      const known = await this.#refs(signal);
      const changed = [...wanted].filter(([name, id]) => known.get(name) !== id);
      if (changed.length > 0) await this.#fetch(said.bytes, line, signal);
      const gone = [...known.keys()].filter((name) => !wanted.has(name));
      await this.#setRefs(changed, gone, signal);
      await this.#tidy(signal);
      return wanted;
    });
  }

  /** Makes an empty mirror anew where it names objects differently: a target without refs does not say how it names them, a push does. */
  beginAs(format: 'sha1' | 'sha256', signal: AbortSignal): Promise<void> {
    return this.#inLine(async () => {
      if ((await this.#refs(signal)).size > 0) return;
      const found = (await runGit(this.place, ['rev-parse', '--show-object-format'], { signal })).toString().trim();
      if (found === format) return;
      await rm(this.#repository, { recursive: true, force: true });
      await this.#ensureRepository(format, signal);
    });
  }

  /** A folder of its own for one push, whose objects are beside the mirror's and not among them. */
  async quarantine(): Promise<Quarantine> {
    await this.open();
    const folder = await mkdtemp(join(this.#folder, 'quarantine', 'push-'));
    const objects = join(folder, 'objects');
    await mkdir(join(objects, 'pack'), { recursive: true, mode: 0o700 });
    return { folder, place: { ...this.place, quarantine: objects } };
  }

  /** Takes the objects of a push that the target has accepted, and the refs that it has set. */
  accept({ place }: Quarantine, commands: readonly RefCommand[], signal: AbortSignal): Promise<void> {
    return this.#inLine(async () => {
      const from = join(place.quarantine ?? '', 'pack');
      // The index last: without it nobody looks at the pack.
      const files = (await readdir(from)).sort((one, other) => Number(one.endsWith('.idx')) - Number(other.endsWith('.idx')));
      for (const file of files) await rename(join(from, file), join(this.#repository, 'objects', 'pack', file));
      const [gone, set] = [commands.filter((each) => isNone(each.new)), commands.filter((each) => !isNone(each.new))];
      await this.#setRefs(
        set.map((each) => [each.ref, each.new]),
        gone.map(({ ref }) => ref),
        signal,
      );
    });
  }

  release({ folder }: Quarantine): Promise<void> {
    // git that was ended may still be writing for a moment.
    return rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  async #sweep(): Promise<void> {
    await rm(join(this.#folder, 'quarantine'), { recursive: true, force: true });
    for (const folder of [this.#home, join(this.#folder, 'quarantine')]) await mkdir(folder, { recursive: true, mode: 0o700 });
    await this.#sweepPacks();
  }

  /** What git was writing when it was ended: packs without a name yet. */
  async #sweepPacks(): Promise<void> {
    const folder = join(this.#repository, 'objects', 'pack');
    const files = await readdir(folder).catch(() => []);
    for (const file of files) if (/^(tmp_|\.tmp-)/.test(file)) await rm(join(folder, file), { force: true });
  }

  async #ensureRepository(format: string, signal: AbortSignal): Promise<void> {
    await this.open();
    if (existsSync(join(this.#repository, 'HEAD'))) return;
    // Under another name until it is whole, so that half a repository is never taken for one.
    const making = { ...this.place, repository: `${this.#repository}.new` };
    await rm(making.repository, { recursive: true, force: true });
    await runGit(making, ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, making.repository], { signal });
    await mkdir(join(making.repository, 'objects', 'pack'), { recursive: true });
    await rename(making.repository, this.#repository);
  }

  async #refs(signal: AbortSignal): Promise<Map<string, string>> {
    const listed = await runGit(this.place, ['for-each-ref', '--format=%(objectname) %(refname)'], { signal });
    const lines = listed.toString().split('\n').filter(Boolean);
    return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
  }

  async #setRefs(set: readonly (readonly [string, string])[], gone: readonly string[], signal: AbortSignal): Promise<void> {
    if (set.length + gone.length === 0) return;
    // Deletions first: a name may stand where a folder of names has been.
    if (gone.length > 0)
      await this.#updateRefs(
        gone.map((name) => `delete ${name}\0\0`),
        signal,
      );
    await this.#updateRefs(
      set.map(([name, id]) => `update ${name}\0${id}\0\0`),
      signal,
    );
  }

  async #updateRefs(lines: readonly string[], signal: AbortSignal): Promise<void> {
    await runGit(this.place, ['update-ref', '--stdin', '-z', '--no-deref'], { signal, input: lines.join('') });
  }

  /**
   * fetch-pack as git-remote-http drives it: it is given the advertisement, writes each request as pkt-lines that end in a flush, and
   * reads the answer to it.
   */
  async #fetch(advertised: Buffer, line: MirrorLine, signal: AbortSignal): Promise<void> {
    const args = ['fetch-pack', '--stateless-rpc', '--no-progress', '--all', '--thin', 'target'];
    const child = startGit(this.place, args, signal);
    const complaint = complaintOf(child);
    const end = ended(child, args, complaint);
    // Waited for below; that it fails before is not forgotten.
    end.catch(() => {});
    try {
      child.stdin.write(advertised);
      await this.#relay(child, line, signal);
      await end;
    } catch (fault) {
      child.kill('SIGKILL');
      await end.catch(() => {});
      await this.#sweepPacks();
      throw fault;
    }
  }

  async #relay(child: GitProcess, line: MirrorLine, signal: AbortSignal): Promise<void> {
    const reader = new PktLineReader();
    let request: Buffer[] = [];
    let taken = 0;
    let over = false;
    // Read to its end: fetch-pack still has the names of the refs to say, and a pipe that is closed ends it with its index-pack.
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (const part of over ? [] : reader.feed(chunk)) {
        if (part.kind === 'line') request.push(part.bytes);
        else if (request.length === 0) {
          // The last flush ends the talk.
          over = true;
          break;
        } else {
          for await (const piece of line.fetch(Buffer.concat(request), signal)) {
            taken += piece.length;
            if (taken > this.#mostBytes) throw new GitFailed(`the target sends more than ${this.#mostBytes} bytes to the mirror`);
            if (!child.stdin.write(piece)) await drained(child.stdin);
          }
          request = [];
        }
      }
    }
  }

  async #tidy(signal: AbortSignal): Promise<void> {
    const packs = (await readdir(join(this.#repository, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'));
    if (packs.length > mostPacks) await runGit(this.place, ['repack', '-d', '-q', '--geometric=2', '--no-write-bitmap-index'], { signal });
  }

  #inLine<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#line.then(work);
    this.#line = turn.catch(() => {});
    return turn;
  }
}

const mirrors = new Map<string, Mirror>();

/** The one mirror of a connection, whichever session asks for it. */
export function mirrorIn(folder: string, mostBytes: number): Mirror {
  const known = mirrors.get(folder);
  if (known !== undefined) return known;
  const made = new Mirror(folder, mostBytes);
  mirrors.set(folder, made);
  return made;
}
