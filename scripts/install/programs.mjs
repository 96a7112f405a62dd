import { existsSync } from 'node:fs';
import { installPackages, mayInstall, onPath } from './debian.mjs';

const program = (name, ...folders) => ({ name, isThere: () => onPath(name, ...folders) !== null });
const curl = program('curl');
const nginx = { ...program('nginx', '/usr/sbin'), name: 'nginx-light' };
const requests = { name: 'python3-requests', isThere: () => existsSync('/usr/lib/python3/dist-packages/requests') };

/** What the tests drive besides the clients that come by npm. git itself is needed anyway. */
const forTests = [
  { packages: [program('git-lfs')], otherwise: 'the test that drives it will be skipped' },
  { packages: [curl, requests], otherwise: 'the tests that drive them will be skipped' },
  { packages: [{ ...program('ssh-keygen'), name: 'openssh-client' }], otherwise: 'the tests of signatures will be skipped' },
  { packages: [nginx, program('fcgiwrap', '/usr/sbin')], otherwise: 'the test of a git server behind them will be skipped' },
  { packages: [program('chromium')], otherwise: 'the tests of the console in a browser will be skipped' },
];
/** What the benchmark compares with. */
const forBench = [
  {
    packages: [nginx, program('wrk'), curl],
    otherwise: 'the stage http of the benchmark will be skipped',
  },
];

export async function ensureTestPrograms() {
  for (const group of forTests) await ensure(group);
}
export async function ensureBenchPrograms() {
  for (const group of forBench) await ensure(group);
}

/** From Debian where this is root on it; otherwise what needs them says so. */
async function ensure({ packages, otherwise }) {
  const missing = packages.filter(({ isThere }) => !isThere()).map(({ name }) => name);
  if (missing.length === 0) return;
  const names = missing.join(' and ');
  if (!mayInstall()) {
    console.log(`install: ${names} not found and this is not root on Debian: ${otherwise}.`);
    return;
  }
  console.log(`install: ${names} not found; installing with apt-get …`);
  await installPackages(...missing);
}
