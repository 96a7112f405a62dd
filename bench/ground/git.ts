import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts, startGateway } from '../../test/rig/gateway.ts';
import type { GitRun } from '../results.ts';
import { metricAt, untilArchived } from './gate.ts';
import type { Ground } from './ground.ts';
import { runProgram } from './program.ts';

/** A git server with repositories that are empty, Chaperone before it, and one large repository at the client's. */
export interface GitGround extends AsyncDisposable {
  /** Where the large repository is, and how many objects it has. */
  readonly source: string;
  readonly objects: number;
  readonly folder: string;
  readonly gatewayPid: number;
  /** A repository that nobody has pushed to before, by one way: each round has its own, so that each push of all is a first one. */
  url(variant: GitRun['variant'], round: number): string;
  readonly git: (cwd: string, ...args: string[]) => Promise<string>;
  settled(): Promise<void>;
}

export const gitVariants = ['direct', 'write', 'fsync'] as const;
const user = 'bot';
const password = 'bench-password';
const author = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com'];

export async function layGitGround({ options, issuer, signal, ...ground }: Ground): Promise<GitGround> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-git-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
  const git = (cwd: string, ...args: string[]) => runProgram('git', [...author, ...args], { env, cwd, signal });
  const source = join(folder, 'source');
  await git(folder, 'init', '--quiet', '--initial-branch=main', 'source');
  await importHistory(join(folder, 'history'), options.gitCommits);
  await runProgram('sh', ['-c', 'git fast-import --quiet --done < ../history'], { env, cwd: source, signal });
  await git(source, 'repack', '-adq');
  const names = Array.from({ length: options.rounds }, (_, round) => gitVariants.map((variant) => nameOf(variant, round))).flat();
  const server = await startServer(names);
  stack.defer(() => server.stop());
  const gate = await startGitGate(folder, issuer, { targetPort: server.port, names: names.filter((name) => !name.startsWith('direct')) });
  stack.use(gate.gateway);
  const given = await ground.token({ email: 'bench@example.com' });
  const objects = Number((await git(source, 'rev-list', '--objects', '--all', '--count')).trim());
  const kept = stack.move();
  return {
    source,
    objects,
    folder,
    git,
    gatewayPid: gate.gateway.process.pid ?? 0,
    url: (variant, round) =>
      variant === 'direct'
        ? `http://${user}:${password}@127.0.0.1:${server.port}/${nameOf(variant, round)}.git`
        : `http://any:${given}@127.0.0.1:${gate.webPort}/${nameOf(variant, round)}`,
    settled: () => untilArchived(metricAt(gate.consolePort, false), () => '', signal),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function nameOf(variant: GitRun['variant'], round: number): string {
  return `${variant}-${round}`;
}

async function startServer(names: readonly string[]): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const words = [join(import.meta.dirname, 'git-server.ts'), password, ...names.map((name) => `${name}.git`)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const first = once(createInterface({ input: child.stdout }), 'line');
  const line = await Promise.race([first, ended.then(() => null)]);
  if (line === null) throw new Error('the git server did not start');
  return {
    port: (JSON.parse(String(line[0])) as { readonly port: number }).port,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

async function startGitGate(
  folder: string,
  issuer: Ground['issuer'],
  target: { readonly targetPort: number; readonly names: readonly string[] },
) {
  const [consolePort = 0, webPort = 0] = await freePorts(2);
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies', 'bench.cedar'), 'permit (principal, action, resource);');
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
  const config = join(folder, 'chaperone.yaml');
  const configuration = {
    state: './state',
    listen: {
      console: { address: `127.0.0.1:${consolePort}` },
      web: { address: `127.0.0.1:${webPort}` },
      tls: { insecureLoopback: true },
    },
    identity: { issuers: [{ issuer: issuer.url, audience: issuer.audience }] },
    connections: target.names.map((name) => ({
      name,
      protocol: 'git',
      target: { url: `http://127.0.0.1:${target.targetPort}/${name}.git` },
      credentials: { user, password: { file: 'password' } },
      // Over all that a run moves: all of it is kept, nothing only counted.
      recording: { durability: name.startsWith('fsync') ? 'fsync' : 'write', contentLimit: '64GiB' },
    })),
  };
  await writeFile(config, JSON.stringify(configuration));
  return { gateway: await startGateway({ config, consolePort }), consolePort, webPort };
}

/** Commits that each change a few small files in a tree of folders, as a project's history does: some eleven objects each. */
async function importHistory(path: string, commits: number): Promise<void> {
  const stream = createWriteStream(path);
  for (let index = 0; index < commits; index += 1) {
    const message = `Change number ${index}`;
    const time = `${1_700_000_000 + index} +0000`;
    stream.write(`commit refs/heads/main\ncommitter Bench <bench@example.com> ${time}\ndata ${message.length}\n${message}\n`);
    for (let file = 0; file < 4; file += 1) {
      const place = (index * 7 + file * 131) % 1_500;
      const lines = Array.from({ length: 30 }, (_, line) => `line ${line} of ${place}, ${line % 7 === index % 7 ? index : 'as before'}`);
      const content = lines.join('\n');
      stream.write(`M 100644 inline src/part-${place % 40}/file-${place}.txt\ndata ${content.length}\n${content}\n`);
    }
  }
  stream.end('done\n');
  await once(stream, 'finish');
}
