import { existsSync } from 'node:fs';
import { installPackages, mayInstall, onPath } from './debian.mjs';

const debianPython = '/usr/lib/python3/dist-packages/requests';

/** What the tests over HTTP drive besides the clients that come by npm, and what the benchmark compares with: Debian's packages. */
const forTests = [
  { name: 'curl', isThere: () => onPath('curl') !== null },
  { name: 'python3-requests', isThere: () => existsSync(debianPython) },
];
const forBench = [
  { name: 'nginx-light', isThere: () => onPath('nginx', '/usr/sbin') !== null },
  { name: 'wrk', isThere: () => onPath('wrk') !== null },
  { name: 'curl', isThere: () => onPath('curl') !== null },
];

export function ensureWebClients() {
  return ensure(forTests, 'the tests that drive them will be skipped');
}
export function ensureWebBench() {
  return ensure(forBench, 'the stage http of the benchmark will be skipped');
}

/** From Debian where this is root on it; otherwise what needs them says so. */
async function ensure(packages, otherwise) {
  const missing = packages.filter(({ isThere }) => !isThere()).map(({ name }) => name);
  if (missing.length === 0) return;
  const names = missing.join(' and ');
  if (!mayInstall()) {
    console.log(`install: ${names} not found and this is not root on Debian: ${otherwise}.`);
    return;
  }
  console.log(`install: ${names} not found; installing them with apt-get …`);
  await installPackages(...missing);
}
