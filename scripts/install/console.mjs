import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

const page = join(root, 'web', 'dist', 'index.html');

/** Builds the console where it is missing, or older than what it is made of. */
export function ensureConsole() {
  const built = changedAt(page);
  const sources = readdirSync(join(root, 'web'), { recursive: true }).filter((path) => !path.startsWith('dist'));
  if (built !== null && sources.every((path) => (changedAt(join(root, 'web', path)) ?? 0) <= built)) return;
  console.log('install: building the console …');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { status, stdout, stderr } = spawnSync(nodeIn(root), [vite, 'build', 'web', '--logLevel', 'warn'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the console could not be built:\n${stdout}${stderr}`);
}

/** The Node that npm brought, which is the one that everything else runs on. */
function nodeIn(folder) {
  const own = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return changedAt(own) === null ? process.execPath : own;
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
