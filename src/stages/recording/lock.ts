import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChaperoneError } from '../../core/errors.ts';

/** Held by the one gateway that may write a state folder. */
export interface Lock {
  release(): void;
}

/**
 * Takes `<state>/lock`. A lock whose process is gone is taken over; on Linux the process's start time tells it from
 * another that was given the same number later. Throws RECORDER_FAULT, naming the process, while another gateway lives.
 */
export async function acquireLock(stateFolder: string): Promise<Lock> {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const path = join(stateFolder, 'lock');
  const own = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  // Linked into place, so that nobody ever reads a lock that is still empty.
  const draft = join(stateFolder, `lock.${process.pid}.${process.hrtime.bigint()}`);
  writeFileSync(draft, own, { mode: 0o600, flag: 'wx' });
  try {
    while (!linked(draft, path)) takeOver(path, stateFolder);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    release() {
      if (read(path) === own) rmSync(path, { force: true });
    },
  };
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (fault) {
    if (codeOf(fault) === 'EEXIST') return false;
    throw fault;
  }
}

function takeOver(path: string, stateFolder: string): void {
  const held = read(path);
  if (held === null) return;
  const [pid = '', start = ''] = held.trim().split(' ');
  if (isHolder(Number(pid), start))
    throw new ChaperoneError(
      'RECORDER_FAULT',
      `${stateFolder} is in use by another gateway, process ${pid}; stop that one, or give this one a state folder of its own`,
    );
  // Another starter may take the stale lock over between our look and our move: then what we moved is its lock, and goes back.
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (fault) {
    if (codeOf(fault) === 'ENOENT') return;
    throw fault;
  }
  if (read(aside) !== held) linked(aside, path);
  rmSync(aside, { force: true });
}

function isHolder(pid: number, start: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const now = startOf(pid);
  if (now !== null && start !== '') return now === start;
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    return codeOf(fault) === 'EPERM';
  }
}

/** When a process started: ticks since boot, field 22 of proc_pid_stat(5), and which boot; null where there is no such file. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the command in parentheses and may hold anything, spaces and parentheses included.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${ticks}@${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}`;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    const code = codeOf(fault);
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw fault;
  }
}

function codeOf(fault: unknown): unknown {
  return fault instanceof Error && 'code' in fault ? fault.code : undefined;
}
