import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Native git failed, and what it said. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  /** Null where it was ended by a signal, or by us. */
  readonly code: number | null;
  constructor(message: string, code: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Where git works. */
export interface GitPlace {
  /** The bare repository. */
  readonly repository: string;
  /** An empty folder that stands for the user's home. */
  readonly home: string;
  /** Where new objects go, and are looked for beside the repository's; null for the repository itself. */
  readonly quarantine: string | null;
}

/** What one run may use. A hostile pack is bounded by these, whatever git makes of it. */
export interface GitLimits {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}
const usualLimits: GitLimits = { cpuSeconds: 600, memoryBytes: 6 * 1024 ** 3 };

export interface GitRun {
  readonly signal: AbortSignal;
  readonly input?: Readable | Buffer | string;
  readonly limits?: GitLimits;
  /** Bytes of output; default 256 MiB. */
  readonly most?: number;
}

/** The oldest git with all that is used here: `repack --geometric` (2.33) and the fsck checks of CVE-2022-24765's time. */
const leastVersion = [2, 34] as const;
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/**
 * No file of this machine and no repository says how git works here, and git reaches nothing: not the network, which is upstream.ts's
 * alone, no hook, no helper, no editor. Larger blobs than 16 MiB are streamed, and are binary to a diff.
 */
const configuration: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.attributesFile', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.bigFileThreshold', '16m'],
  ['core.packedGitWindowSize', '32m'],
  ['core.packedGitLimit', '512m'],
  ['core.deltaBaseCacheLimit', '64m'],
  ['core.logAllRefUpdates', 'false'],
  ['core.quotePath', 'true'],
  ['attr.tree', emptyTree],
  ['diff.algorithm', 'histogram'],
  ['diff.renameLimit', '1000'],
  ['gc.auto', '0'],
  // Only what ssh-keygen can verify is verified.
  ['gpg.program', 'false'],
  ['gpg.x509.program', 'false'],
  ['maintenance.auto', 'false'],
  ['pack.threads', '2'],
  ['fetch.unpackLimit', '1'],
  ['protocol.allow', 'never'],
];

/** Whose signatures count for the push in this place (ALLOWED SIGNERS of ssh-keygen(1)); nobody's, where there is no such file. */
export function signersFile({ home, quarantine }: GitPlace): string {
  return join(workOf({ home, quarantine }), 'signers');
}

/** Goes with the push. */
function workOf({ home, quarantine }: Pick<GitPlace, 'home' | 'quarantine'>): string {
  return quarantine === null ? home : dirname(quarantine);
}

function environment(place: GitPlace): Record<string, string> {
  const { repository, home, quarantine } = place;
  const settings = [...configuration, ['gpg.ssh.allowedSignersFile', signersFile(place)] as const];
  const pairs = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    TMPDIR: workOf(place),
    XDG_CONFIG_HOME: home,
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_DIR: repository,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: '',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(pairs),
    ...(quarantine === null ? {} : { GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: `${repository}/objects` }),
  };
}

/** A running git with pipes at its three streams. */
export type GitProcess = ChildProcess & {
  readonly stdin: NonNullable<ChildProcess['stdin']>;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** One whose output goes to a file. */
export type GitWriter = ChildProcess & { readonly stdin: NonNullable<ChildProcess['stdin']>; readonly stderr: Readable };

/** Starts git under limits of its own; it is killed when the signal aborts. */
export function startGit(place: GitPlace, args: readonly string[], signal: AbortSignal, limits: GitLimits = usualLimits): GitProcess {
  const child = spawn('/bin/sh', ['-c', `${limitsOf(limits)}; exec git "$@"`, 'git', ...args], { ...spawning(place), signal });
  // A pipe that breaks is told by how git ends.
  child.stdin.on('error', () => {});
  return child;
}

/** Likewise, with the file for its output; it is killed where it writes more than `most` bytes and what rounds them up. */
export function startGitInto(
  place: GitPlace,
  args: readonly string[],
  signal: AbortSignal,
  { file, most }: { readonly file: number; readonly most: number },
): GitWriter {
  // Shells count in blocks of 512 bytes or of 1,024.
  const script = `${limitsOf(usualLimits)}; ulimit -f ${Math.ceil(most / 512) + 1}; exec git "$@"`;
  const child = spawn('/bin/sh', ['-c', script, 'git', ...args], {
    ...spawning(place),
    signal,
    stdio: ['pipe', file, 'pipe'],
  }) as GitWriter;
  child.stdin.on('error', () => {});
  return child;
}

/** By the shell because Node sets no limits; where a system does not know one (macOS has no -v), it does without. */
function limitsOf({ cpuSeconds, memoryBytes }: GitLimits): string {
  return `ulimit -t ${cpuSeconds}; ulimit -v ${Math.floor(memoryBytes / 1024)} 2>/dev/null; ulimit -c 0`;
}

function spawning(place: GitPlace) {
  return { env: environment(place), cwd: place.home, killSignal: 'SIGKILL' } as const;
}

/** Runs git to its end; resolves with what it wrote. Rejects with GitFailed where it ends with anything but 0. */
export async function runGit(place: GitPlace, args: readonly string[], run: GitRun): Promise<Buffer> {
  const child = startGit(place, args, run.signal, run.limits);
  const output = collect(child.stdout, run.most ?? 256 * 1024 * 1024, () => child.kill('SIGKILL'));
  // All are waited for together, so that none can fail unseen.
  const [bytes] = await Promise.all([output, ended(child, args, complaintOf(child)), feed(child, run.input)]);
  return bytes;
}

/** Rejects with GitFailed unless git ends with 0. */
export async function ended(child: GitWriter, args: readonly string[], complaint: Promise<string>): Promise<void> {
  let code: number | null;
  let killed: NodeJS.Signals | null;
  try {
    [code, killed] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  } catch (fault) {
    // `once` rejects with the error event: an abort, or a git that could not be started.
    throw new GitFailed(`git ${args[0]} was stopped`, null, { cause: fault });
  }
  if (code !== 0) throw new GitFailed(`git ${args[0]}: ${(await complaint) || `ended with ${killed ?? `code ${code}`}`}`, code);
}

/** The end of what git says of its failure, for a person. */
export async function complaintOf(child: GitWriter): Promise<string> {
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2_000);
  });
  // Neither an abort nor a pipe that breaks takes away what was said before.
  await once(child.stderr, 'close').catch(() => {});
  return text.trim();
}

async function feed(child: GitProcess, input: GitRun['input']): Promise<void> {
  if (input === undefined || typeof input === 'string' || Buffer.isBuffer(input)) return void child.stdin.end(input ?? '');
  // What git does not read to its end is told by its exit code.
  await pipeline(input, child.stdin).catch(() => {});
}

async function collect(stream: Readable, most: number, stop: () => void): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) {
      stop();
      continue;
    }
    pieces.push(piece);
  }
  if (size > most) throw new GitFailed(`git wrote more than ${most} bytes`);
  return Buffer.concat(pieces);
}

let checked: Promise<string | null> | null = null;

/** Null where a git that will do is on PATH, or why not. */
export function whyNoGit(home: string): Promise<string | null> {
  return (checked ??= checkVersion({ repository: home, home, quarantine: null }));
}

async function checkVersion(place: GitPlace): Promise<string | null> {
  const wanted = `git ${leastVersion.join('.')} or newer`;
  try {
    const said = (await runGit(place, ['version'], { signal: AbortSignal.timeout(10_000) })).toString().trim();
    const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(said) ?? []).slice(1).map(Number);
    const enough = major > leastVersion[0] || (major === leastVersion[0] && minor >= leastVersion[1]);
    return enough ? null : `${said} is too old; ${wanted} is needed`;
  } catch (fault) {
    return `${wanted} is needed on PATH: ${fault instanceof Error ? fault.message : String(fault)}`;
  }
}
