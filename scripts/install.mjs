// Prepares what the npm scripts stand on. Runs on Node 20 with nothing installed, so it may import only `node:`.
// `--test` also prepares the clients and the browser that the end-to-end tests drive, `--bench` the proxies that the benchmark compares with.
import { ensureConsole } from './install/console.mjs';
import { oneAtATime } from './install/one-at-a-time.mjs';
import { ensurePackages } from './install/packages.mjs';
import { ensureBouncer } from './install/pgbouncer.mjs';
import { ensurePostgresClients } from './install/postgres-clients.mjs';
import { ensureBenchPrograms, ensureTestPrograms } from './install/programs.mjs';

try {
  await oneAtATime(async () => {
    await ensurePackages();
    ensureConsole();
    if (process.argv.includes('--test')) {
      await ensurePostgresClients();
      await ensureTestPrograms();
    }
    if (process.argv.includes('--bench')) {
      await ensureBouncer();
      await ensureBenchPrograms();
    }
  });
} catch (fault) {
  console.error(`install: ${fault instanceof Error ? fault.message : String(fault)}`);
  process.exitCode = 1;
}
