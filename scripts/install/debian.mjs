import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/** Whether packages can be installed without asking anybody. */
export function mayInstall() {
  return process.getuid?.() === 0 && onPath('apt-get') !== null;
}

export async function installPackages(...names) {
  // In runlevel 1 a package's service is not started where init is not systemd (invoke-rc.d(8)).
  const quiet = { shown: false, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } };
  await run('apt-get', ['update'], quiet);
  await run('apt-get', ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...names], quiet);
}

/** The file that a program's name stands for, or null. */
export function onPath(name, ...moreFolders) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...moreFolders];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}
