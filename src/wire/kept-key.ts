import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';

/** Bytes of a key. */
export const keySize = 32;

/**
 * The key that a file keeps, which is made when there is none. It belongs to the backup, and nobody else may read it. Throws where the
 * file is open to others or not a key.
 */
export function keptKey(path: string): KeyObject {
  return keyThatIs(path) ?? keyOf(path, make(path));
}

/** The same; null where there is no such file. */
export function keyThatIs(path: string): KeyObject | null {
  const bytes = read(path);
  return bytes && keyOf(path, bytes);
}

function keyOf(path: string, bytes: Buffer): KeyObject {
  if (bytes.length !== keySize)
    throw new Error(`${path} is ${bytes.length} bytes long and should be ${keySize}: restore it from the backup`);
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
    writeSync(file, randomBytes(keySize));
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
