import { installPackages, mayInstall, onPath } from './debian.mjs';

/** The browser of the console's tests: from Debian where this is root on it, otherwise those tests say that they are skipped. */
export async function ensureChromium() {
  if (onPath('chromium') !== null) return;
  if (!mayInstall()) {
    console.log('install: chromium not found and this is not root on Debian: the tests of the console in a browser will be skipped.');
    return;
  }
  console.log('install: chromium not found; installing it with apt-get …');
  await installPackages('chromium');
}
