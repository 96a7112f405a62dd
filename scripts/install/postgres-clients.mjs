import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages, mayInstall, onPath } from './debian.mjs';

const debianFolder = '/usr/lib/postgresql';

/** psql and pgbench for the end-to-end tests: from Debian where this is root on it, otherwise the tests that need them say so. */
export async function ensurePostgresClients() {
  const missing = ['psql', 'pgbench'].filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const names = missing.join(' and ');
  if (!mayInstall()) {
    console.log(`install: ${names} not found and this is not root on Debian: the tests that drive them will be skipped.`);
    console.log('install: to run them too, install the PostgreSQL client programs (Debian: postgresql-client and postgresql).');
    return;
  }
  console.log(`install: ${names} not found; installing them with apt-get …`);
  await installFromDebian(missing);
}

async function installFromDebian(missing) {
  await installPackages('postgresql-client', 'postgresql-common');
  if (!missing.includes('pgbench') || isInstalled('pgbench')) return;
  keepDebianFromCreatingACluster();
  await installPackages('postgresql');
}

/** pgbench comes with the server's package, which would otherwise start a server of its own on 5432. */
function keepDebianFromCreatingACluster() {
  if (existsSync(debianFolder) && readdirSync(debianFolder).some((version) => existsSync(join(debianFolder, version, 'bin/postgres'))))
    return;
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true });
  writeFileSync('/etc/postgresql-common/createcluster.d/chaperone-tests.conf', 'create_main_cluster = false\n');
}

/** Debian's wrappers in PATH exist without the programs behind them, so those count where their folder exists. */
function isInstalled(name) {
  if (!existsSync(debianFolder)) return onPath(name) !== null;
  return readdirSync(debianFolder).some((version) => existsSync(join(debianFolder, version, 'bin', name)));
}
