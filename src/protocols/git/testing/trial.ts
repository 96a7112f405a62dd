import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../../../../test/rig/data-plane.ts';
import { protocol } from '../index.ts';
import type { Settings } from '../settings.ts';
import { type GitServer, startGitServer, user } from './git-server.ts';

export const password = 'only-the-gateway-knows';
const variable = 'CHAPERONE_TEST_GIT';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** A real git server with one repository, the data plane before it, and folders for clones. */
export interface GitTrial extends AsyncDisposable {
  readonly server: GitServer;
  readonly plane: DataPlane;
  readonly repository: string;
  /** How clients reach the repository. */
  readonly url: string;
  readonly folder: string;
  /** Runs git as a client with this token; resolves however it ends. */
  git(cwd: string, ...args: string[]): Promise<Ran>;
  /** The same, and fails where git does. */
  must(cwd: string, ...args: string[]): Promise<string>;
  /** A clone by the gateway, or straight from the server. */
  clone(name: string, ...args: string[]): Promise<string>;
  /** Commits files, by their paths, in a clone. */
  commit(clone: string, files: Readonly<Record<string, string | Buffer>>, message?: string, ...args: string[]): Promise<string>;
  /** At the server itself. */
  refs(): Promise<Record<string, string>>;
  environment: NodeJS.ProcessEnv;
  /** What the gateway keeps of the connection. */
  readonly kept: string;
  /** What is left of pushes in the gateway's folders. */
  leftBehind(): string[];
  /** Resolves once nothing is; the client hears its answer before that. */
  swept(): Promise<void>;
}

export function settingsOf(port: number, limits: object = {}, path = '/team/web-app.git', target: object = {}): object {
  process.env[variable] = password;
  return { target: { url: `http://127.0.0.1:${port}${path}`, limits, ...target }, credentials: { user, password: { env: variable } } };
}

export async function openTrial(
  options: Partial<DataPlaneOptions<Settings>> = {},
  limits: object = {},
  target: object = {},
): Promise<GitTrial> {
  const server = await startGitServer(password);
  const repository = server.createRepository('team/web-app.git');
  const plane = await startDataPlane({
    protocol,
    settings: protocol.settings.parse(settingsOf(server.port, limits, '/team/web-app.git', target)),
    ...options,
  });
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-git-trial-'));
  const token = await plane.token({ email: 'ada@example.com' });
  const url = `http://127.0.0.1:${plane.port}/${plane.connection}`;
  const environment = clientEnvironment(folder, url, token);
  const git: GitTrial['git'] = (cwd, ...args) => run('git', args, cwd, trial.environment);
  const must: GitTrial['must'] = async (cwd, ...args) => {
    const { code, out } = await git(cwd, ...args);
    if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${code}:\n${out}`);
    return out;
  };
  const close = async () => {
    await plane.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const trial: GitTrial = {
    server,
    plane,
    repository,
    url,
    folder,
    environment,
    kept: join(plane.journal, '..', 'targets', plane.connection),
    leftBehind: () => readdirSync(join(trial.kept, 'quarantine')),
    swept: async () => {
      for (const deadline = Date.now() + 60_000; trial.leftBehind().length > 0; await pause(5))
        if (Date.now() > deadline) throw new Error(`left behind: ${trial.leftBehind().join()}`);
    },
    git,
    must,
    clone: async (name, ...args) => {
      await must(folder, 'clone', '--quiet', ...args, url, name);
      return join(folder, name);
    },
    commit: async (clone, files, message = 'Change something', ...args) => {
      writeFiles(clone, files);
      await must(clone, 'add', '--all');
      await must(clone, 'commit', '--quiet', '--allow-empty', '-m', message, ...args);
      return (await must(clone, 'rev-parse', 'HEAD')).trim();
    },
    refs: async () => {
      const lines = (await must(repository, 'for-each-ref', '--format=%(refname) %(objectname)')).trim().split('\n').filter(Boolean);
      return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
    },
    [Symbol.asyncDispose]: close,
  };
  return trial;
}

function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** As an agent has it: the token in the environment alone, by http.extraHeader. */
export function clientEnvironment(home: string, url: string, token: string): NodeJS.ProcessEnv {
  const settings: [string, string][] = [
    [`http.${url}.extraHeader`, `Authorization: Bearer ${token}`],
    ['user.name', 'Ada'],
    ['user.email', 'ada@example.com'],
    ['init.defaultBranch', 'main'],
    ['advice.detachedHead', 'false'],
    ['protocol.file.allow', 'always'],
  ];
  const pairs = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    PATH: process.env['PATH'],
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(pairs),
  };
}

export async function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out };
}
