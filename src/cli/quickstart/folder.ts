import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ChaperoneError, messageOf } from '../../core/errors.ts';

/** Where the demonstration keeps its things; secrets lie in files that only their owner can read. */
export interface QuickstartFolder {
  readonly root: string;
  /** What the embedded server needs; outside of `root` where that server may not run as the user who owns it. */
  readonly database: string;
  path(...names: readonly string[]): string;
  /** Replaces the file in one step, so that whoever reads it meanwhile sees the old text or the new. */
  write(name: string, text: string): Promise<void>;
  /** The file's text, or null where there is none. */
  read(name: string): Promise<string | null>;
  /** Lets the next demonstration in; the kernel does the same should this process die. */
  release(): void;
}

/** Opens the folder for this process alone. Throws where another demonstration runs in it. */
export async function openFolder(root: string): Promise<QuickstartFolder> {
  const at = resolve(root);
  await mkdir(at, { recursive: true, mode: 0o700 });
  await chmod(at, 0o700);
  for (const name of ['tokens', 'secrets', 'policies']) await mkdir(join(at, name), { recursive: true, mode: 0o700 });
  const lock = takeLock(join(at, 'lock.db'), at);
  const path = (...names: readonly string[]) => join(at, ...names);
  return {
    root: at,
    database: databaseHome(at),
    path,
    write: async (name, text) => {
      await writeFile(path(`${name}.new`), text, { mode: 0o600 });
      await rename(path(`${name}.new`), path(name));
    },
    read: (name) => readFile(path(name), 'utf8').catch(absent),
    release: () => lock.close(),
  };
}

/**
 * PostgreSQL refuses to run as root, and whoever it runs as instead may not reach a checkout under /root. So under root its
 * files go where everyone may pass, by a name that is the same for the same folder.
 */
export function databaseHome(root: string): string {
  if (process.getuid?.() !== 0) return join(resolve(root), 'database');
  return join(tmpdir(), `chaperone-quickstart-${createHash('sha256').update(resolve(root)).digest('hex').slice(0, 12)}`);
}

/** SQLite's lock is the kernel's: it cannot outlive its process, as a pid file would. */
function takeLock(file: string, root: string): DatabaseSync {
  const lock = new DatabaseSync(file);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    const message = `A demonstration is already running in ${root}; stop it first, or choose another folder.`;
    throw new ChaperoneError('REQUEST_INVALID', message, { cause });
  }
}

function absent(fault: unknown): null {
  if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return null;
  throw new ChaperoneError('INTERNAL', `The demonstration's folder cannot be read: ${messageOf(fault)}`, { cause: fault });
}
