import { installPackages, mayInstall, onPath } from './debian.mjs';

/** git-lfs for the tests of large files: from Debian where this is root on it, otherwise the test that needs it says so. git itself is needed anyway. */
export async function ensureGitClients() {
  if (onPath('git-lfs') !== null) return;
  if (!mayInstall()) {
    console.log('install: git-lfs not found and this is not root on Debian: the test that drives it will be skipped.');
    return;
  }
  console.log('install: git-lfs not found; installing it with apt-get …');
  await installPackages('git-lfs');
}
