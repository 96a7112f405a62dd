import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PolicySet } from './policy.ts';

/** A version that is or was in force. */
export interface VersionNote {
  readonly version: string;
  /** When it came into force, in RFC 3339. */
  readonly since: string;
  readonly author: string;
}

/** A version that is kept, with the names of its files. */
export interface KeptVersion extends VersionNote {
  readonly files: readonly string[];
}

/**
 * The versions that were ever in force, each with its files in a folder of its own, so that a verdict's `grounds.version` can be
 * read years later: `<folder>/<version>/`, with what is known of it in `version.json`.
 */
export class PolicyVersions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a version with its files and says that it is in force. */
  async keep({ version, files }: PolicySet, note: VersionNote): Promise<void> {
    const place = join(this.#folder, version);
    // A set that came back has been kept: its files are the same, or it would be another version.
    const kept = await readFile(join(place, 'version.json')).then(
      () => true,
      () => false,
    );
    if (!kept) {
      // Written beside and then renamed: a version is there as a whole or not at all.
      const beside = join(this.#folder, `.${version}`);
      await rm(beside, { recursive: true, force: true });
      for (const { name, content } of files) {
        await mkdir(dirname(join(beside, name)), { recursive: true, mode: 0o700 });
        await writeFile(join(beside, name), content, { mode: 0o600 });
      }
      await mkdir(beside, { recursive: true, mode: 0o700 });
      const hashes = files.map(({ name, content }) => ({ name, sha256: createHash('sha256').update(content).digest('hex') }));
      await writeFile(join(beside, 'version.json'), `${JSON.stringify({ ...note, files: hashes }, null, 2)}\n`, { mode: 0o600 });
      await rm(place, { recursive: true, force: true });
      await rename(beside, place);
    }
    await this.#writeCurrent(note);
  }

  /** What was in force when the gateway last ran; null where that is not known. */
  async last(): Promise<VersionNote | null> {
    try {
      const note: unknown = JSON.parse(await readFile(this.#current(), 'utf8'));
      return isNote(note) ? note : null;
    } catch {
      return null; // There is none at the first start; one that is damaged is written anew.
    }
  }

  /** Every version that is kept, the one that came into force last first. */
  async all(): Promise<KeptVersion[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter(isVersion);
    const kept = await Promise.all(names.map((name) => this.#read(name)));
    const found = kept.filter((each) => each !== null);
    return found.sort((one, other) => (one.since < other.since ? 1 : -1));
  }

  /** A version with the text of its files; null where it is not kept. */
  async files(version: string): Promise<{ readonly note: KeptVersion; readonly texts: readonly { name: string; text: string }[] } | null> {
    const note = isVersion(version) ? await this.#read(version) : null;
    if (note === null) return null;
    const texts = note.files.map(async (name) => ({ name, text: await readFile(join(this.#folder, version, name), 'utf8') }));
    return { note, texts: await Promise.all(texts) };
  }

  /** Null for one that is damaged: the others are still to be read. */
  async #read(version: string): Promise<KeptVersion | null> {
    try {
      const note: unknown = JSON.parse(await readFile(join(this.#folder, version, 'version.json'), 'utf8'));
      if (!isNote(note)) return null;
      // Written by `keep` alone, with names that it had read from a folder.
      const { files } = note as VersionNote & { files: { name: string }[] };
      return { version: note.version, since: note.since, author: note.author, files: files.map(({ name }) => name) };
    } catch {
      return null;
    }
  }

  async #writeCurrent(note: VersionNote): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(`${this.#current()}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
    await rename(`${this.#current()}.new`, this.#current());
  }

  #current(): string {
    return join(this.#folder, 'current.json');
  }
}

/** Twelve hex digits; anything else must not become part of a path. */
function isVersion(name: string): boolean {
  return /^[0-9a-f]{12}$/.test(name);
}

function isNote(value: unknown): value is VersionNote {
  if (typeof value !== 'object' || value === null) return false;
  return ['version', 'since', 'author'].every((key) => typeof Reflect.get(value, key) === 'string');
}
