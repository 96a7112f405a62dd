import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './root.mjs';

// Outside of the project, because an install may replace node_modules and nothing else there is ignored by git.
const lock = join(tmpdir(), `chaperone-install-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
const holder = join(lock, 'pid');

/** A lock without a pid is a process between two lines, or one that died between them: after this many milliseconds the latter. */
const birthMs = 5_000;

/** Does `work` while no other process installs in this folder: two installs at once leave half a node_modules. */
export async function oneAtATime(work) {
  for (let said = false; !take(); said = true) {
    if (!said) console.log(`install: another install is running here (process ${holderPid() ?? 'unknown'}); waiting for it …`);
    await sleep(250);
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function take() {
  try {
    mkdirSync(lock);
  } catch (fault) {
    if (fault.code !== 'EEXIST') throw fault;
    if (isAbandoned()) rmSync(lock, { recursive: true, force: true });
    return false;
  }
  writeFileSync(holder, String(process.pid));
  return true;
}

function isAbandoned() {
  const pid = holderPid();
  if (pid === null) return Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > birthMs;
  try {
    process.kill(pid, 0);
    return false;
  } catch (fault) {
    return fault.code === 'ESRCH';
  }
}

function holderPid() {
  try {
    return Number(readFileSync(holder, 'utf8')) || null;
  } catch {
    // Not written yet, or gone since: either way there is no holder to name.
    return null;
  }
}
