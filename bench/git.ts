import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts, startGateway } from '../test/rig/gateway.ts';
import { startIssuer } from '../test/rig/issuer.ts';
import { peakResidentBytes, resetPeak } from './ground/process-figures.ts';
import { runProgram } from './ground/program.ts';
import { median } from './quantile.ts';

/*
 * How much longer git takes through Chaperone: a clone and a push of a repository of 50,000 objects, and the decision on a push that changes
 * 1,000 files. Direct and through the gateway by turns; run it by `node bench/git.ts [ROUNDS]`.
 */
const password = 'bench-password';
const commits = 6_000;
const rounds = Number(process.argv[2] ?? 3);

await using stack = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-git-'));
stack.defer(() => rm(folder, { recursive: true, force: true }));
const issuer = stack.use(await startIssuer());
const server = await startServer();
const signal = AbortSignal.timeout(30 * 60_000);
const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
const git = (cwd: string, ...args: string[]) => runProgram('git', args, { env, cwd, signal });

const source = await makeRepository();
const objects = Number((await git(source, 'rev-list', '--objects', '--all', '--count')).trim());
const gate = await openGate();
const direct = `http://bot:${password}@127.0.0.1:${server.port}/large.git`;
const token = await issuer.token({ exp: Math.floor(Date.now() / 1000) + 36_000, email: 'bench@example.com' });
const through = `http://any:${token}@127.0.0.1:${gate.port}/large`;

interface Times {
  readonly clone: number[];
  readonly push: number[];
  readonly change: number[];
}
const times = { direct: { clone: [], push: [], change: [] }, chaperone: { clone: [], push: [], change: [] } } satisfies Record<
  string,
  Times
>;
resetPeak(gate.pid);
for (let round = 0; round < rounds; round += 1)
  for (const [name, url] of round % 2 === 0
    ? ([
        ['direct', direct],
        ['chaperone', through],
      ] as const)
    : ([
        ['chaperone', through],
        ['direct', direct],
      ] as const)) {
    const kept: Times = times[name];
    kept.push.push(await timed(() => git(source, 'push', '--quiet', url, 'main')));
    kept.clone.push(await timed(() => git(folder, 'clone', '--quiet', '--bare', url, 'copy')));
    const work = join(folder, 'work');
    await git(folder, 'clone', '--quiet', 'copy', 'work');
    await changeFiles(work, round);
    kept.change.push(await timed(() => git(work, 'push', '--quiet', url, 'HEAD:main')));
    for (const clone of ['copy', 'work']) await rm(join(folder, clone), { recursive: true });
    await git(server.repository, 'update-ref', '-d', 'refs/heads/main');
    await git(server.repository, 'gc', '--quiet', '--prune=now');
    console.log(
      `round ${round + 1}, ${name.padEnd(9)} push ${last(kept.push)} s, clone ${last(kept.clone)} s, change of 1,000 files ${last(kept.change)} s`,
    );
  }
const ratio = (what: keyof Times) => (median(times.chaperone[what]) / median(times.direct[what])).toFixed(2);
console.log(`${objects} objects: clone ${ratio('clone')} × direct, push ${ratio('push')} × direct (goal: 1.3)`);
const decided = (median(times.chaperone.change) - median(times.direct.change)).toFixed(2);
console.log(
  `a change of 1,000 files takes ${decided} s longer than direct (goal: 1 s); the gateway had at most ${Math.round(peakResidentBytes(gate.pid) / 1_048_576)} MB resident`,
);

function last(values: readonly number[]): string {
  return (values.at(-1) ?? 0).toFixed(2);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function startServer(): Promise<{ readonly port: number; readonly repository: string }> {
  const child = spawn(process.execPath, [new URL('git-server.ts', import.meta.url).pathname, password], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stack.defer(async () => {
    child.kill();
    await once(child, 'close');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line) as { readonly port: number; readonly repository: string };
}

async function openGate(): Promise<{ readonly port: number; readonly pid: number }> {
  const [consolePort = 0, port = 0] = await freePorts(2);
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies', 'all.cedar'), 'permit (principal, action, resource);');
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
  const config = join(folder, 'chaperone.yaml');
  const listen = {
    console: { address: `127.0.0.1:${consolePort}` },
    web: { address: `127.0.0.1:${port}` },
    tls: { insecureLoopback: true },
  };
  const connection = {
    name: 'large',
    protocol: 'git',
    target: { url: `http://127.0.0.1:${server.port}/large.git` },
    credentials: { user: 'bot', password: { file: join(folder, 'password') } },
  };
  const identity = { issuers: [{ issuer: issuer.url, audience: issuer.audience }] };
  await writeFile(
    config,
    JSON.stringify({ state: join(folder, 'state'), listen, identity, connections: [connection], policies: './policies' }),
  );
  const gateway = stack.use(await startGateway({ config, consolePort }));
  return { port, pid: gateway.process.pid ?? 0 };
}

/** Some 50,000 objects: commits that each change a few small files in a tree of folders, as a project's history does. */
async function makeRepository(): Promise<string> {
  const path = join(folder, 'source');
  await git(folder, 'init', '--quiet', '--initial-branch=main', 'source');
  const script = join(folder, 'import');
  const stream = createWriteStream(script);
  for (let index = 0; index < commits; index += 1) {
    const message = `Change number ${index}`;
    stream.write(
      `commit refs/heads/main\ncommitter Bench <bench@example.com> ${1_700_000_000 + index} +0000\ndata ${message.length}\n${message}\n`,
    );
    for (let file = 0; file < 4; file += 1) {
      const place = (index * 7 + file * 131) % 1_500;
      const content = Array.from(
        { length: 30 },
        (_, line) => `line ${line} of ${place}, ${line % 7 === index % 7 ? index : 'as before'}`,
      ).join('\n');
      stream.write(`M 100644 inline src/part-${place % 40}/file-${place}.txt\ndata ${content.length}\n${content}\n`);
    }
  }
  stream.end('done\n');
  await once(stream, 'finish');
  await runProgram('sh', ['-c', `git fast-import --quiet --done < ${script}`], { env, cwd: path, signal });
  await git(path, 'repack', '-adq');
  return path;
}

async function changeFiles(work: string, round: number): Promise<void> {
  for (let file = 0; file < 1_000; file += 1) {
    const path = join(work, 'src', `part-${file % 40}`, `file-${file}.txt`);
    await writeFile(path, `round ${round}\n${'a line that is new in this file\n'.repeat(20)}`);
  }
  await git(work, 'add', '--all');
  await git(
    work,
    '-c',
    'user.name=Bench',
    '-c',
    'user.email=bench@example.com',
    'commit',
    '--quiet',
    '--message',
    'Change a thousand files',
  );
}
