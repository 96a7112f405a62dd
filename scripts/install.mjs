// Prepares what the npm scripts stand on. Runs on Node 20 with nothing installed, so it may import only `node:`.
// `--test` also prepares the PostgreSQL clients and the browser that the end-to-end tests drive, `--bench` the proxy that the benchmark compares with.
import { ensureChromium } from './install/chromium.mjs';
import { ensureConsole } from './install/console.mjs';
import { ensureGitClients } from './install/git-clients.mjs';
import { oneAtATime } from './install/one-at-a-time.mjs';
import { ensurePackages } from './install/packages.mjs';
import { ensureBouncer } from './install/pgbouncer.mjs';
import { ensurePostgresClients } from './install/postgres-clients.mjs';
import { ensureWebBench, ensureWebClients } from './install/web-programs.mjs';

try {
  await oneAtATime(async () => {
    await ensurePackages();
    ensureConsole();
    if (process.argv.includes('--test')) await ensurePostgresClients();
    if (process.argv.includes('--test')) await ensureGitClients();
    if (process.argv.includes('--test')) await ensureWebClients();
    if (process.argv.includes('--test')) await ensureChromium();
    if (process.argv.includes('--bench')) await ensureBouncer();
    if (process.argv.includes('--bench')) await ensureWebBench();
  });
} catch (fault) {
  console.error(`install: ${fault instanceof Error ? fault.message : String(fault)}`);
  process.exitCode = 1;
}
