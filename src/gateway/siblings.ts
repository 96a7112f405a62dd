import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { ChaperoneError, messageOf } from '../core/errors.ts';

/** The other gateways that listen on a port together with this one. */
export interface Siblings {
  /** Gives each of them these bytes on a connection of its own, and resolves when all have dealt with them. Never rejects. */
  readonly passOn: (bytes: Uint8Array) => Promise<void>;
  /** Is no longer found by the others. */
  close(): void;
}

/** How long a sibling may take to deal with what it was given. */
const patienceMs = 5_000;
/** Of a path, in what the system has for a Unix socket's address (unix(7): 108 with its NUL; less elsewhere). */
const longestPath = 103;

/**
 * Joins those who share a port: each has a Unix socket in `folder`, where `take` is called with whoever connects. Whoever may
 * enter the folder is one of them, so nobody but this process's user may. Throws LISTENER_FAILED.
 */
export async function joinSiblings(folder: string, name: string, take: (socket: Socket) => void): Promise<Siblings> {
  const where = `the folder ${folder} that listen.${name.replace(/-\d+$/, '')} is shared by`;
  const fail = (why: string, cause?: unknown) => new ChaperoneError('LISTENER_FAILED', `${where} ${why}`, { cause });
  const own = `${name}-${process.pid}-${randomBytes(4).toString('hex')}.sock`;
  const path = join(folder, own);
  if (Buffer.byteLength(path) > longestPath) throw fail('has too long a path for a socket. Name a shorter one.');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isPrivate(folder)) throw fail('may be entered by others. Make it this user’s alone (chmod 700), or name another.');
    const server = createServer(take);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
    server.unref();
    return {
      passOn: async (bytes) => {
        const others = filesIn(folder).filter((file) => file.startsWith(`${name}-`) && file.endsWith('.sock') && file !== own);
        await Promise.all(others.map((file) => give(join(folder, file), bytes)));
      },
      close: () => void server.close(),
    };
  } catch (fault) {
    throw fault instanceof ChaperoneError ? fault : fail(`cannot be used: ${messageOf(fault)}.`, fault);
  }
}

/** Of a folder that was taken away nobody can be found. */
function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isPrivate(folder: string): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && (found.mode & 0o077) === 0 && (process.getuid === undefined || found.uid === process.getuid());
}

/** Resolves when the sibling has closed the connection. The socket of one that was killed is taken away. */
function give(path: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.end(bytes));
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.once('error', (fault) => {
      if ('code' in fault && fault.code === 'ECONNREFUSED') rmSync(path, { force: true });
    });
    socket.once('close', () => resolve());
    socket.resume();
  });
}
