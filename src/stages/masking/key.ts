import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const size = 32;

/**
 * The key of pseudonyms, in the state folder; made when there is none. Whoever has it can test guesses against pseudonyms, and
 * whoever loses it gets others for the same values: it belongs to the backup, and nobody else may read it. Throws where the file
 * is open to others or not a key.
 */
export function pseudonymKey(stateFolder: string): KeyObject {
  const path = join(stateFolder, 'pseudonym.key');
  const bytes = read(path) ?? make(path);
  if (bytes.length !== size) throw new Error(`${path} is ${bytes.length} bytes long and should be ${size}: restore it from the backup`);
  return createSecretKey(bytes);
}

function read(path: string): Buffer | null {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
      throw new Error(`${path} can be read by others than its owner: run \`chmod 600 ${path}\``);
    return readFileSync(path);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fault;
  }
}

/** By a link, so that of two processes that start at once one makes it, and no half of it is ever seen. */
function make(path: string): Buffer {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, randomBytes(size));
    fsyncSync(file);
    linkSync(draft, path);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  } finally {
    closeSync(file);
    unlinkSync(draft);
  }
  return readFileSync(path);
}
