import { existsSync, symlinkSync } from 'node:fs';
import { installPackages, mayInstall, onPath } from './debian.mjs';

const unit = '/etc/systemd/system/pgbouncer.service';

/** The proxy that the benchmark compares with: from Debian where this is root on it, otherwise its column is left out. */
export async function ensureBouncer() {
  if (onPath('pgbouncer', '/usr/sbin') !== null) return;
  if (!mayInstall()) {
    console.log('install: pgbouncer not found and this is not root on Debian: its column of the benchmark will be skipped.');
    return;
  }
  console.log('install: pgbouncer not found; installing it with apt-get, its own service masked …');
  keepItsServiceFromStarting();
  await installPackages('pgbouncer');
}

/** The benchmark starts a pgbouncer of its own; Debian's would listen on 6432 from now on. */
function keepItsServiceFromStarting() {
  if (existsSync('/etc/systemd/system') && !existsSync(unit)) symlinkSync('/dev/null', unit);
}
