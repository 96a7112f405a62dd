import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { PolicyFile } from './policy.ts';

const run = promisify(execFile);

/**
 * Who wrote these policies: the author of the folder's last commit, where it is a checkout of git and the files are what was
 * committed; otherwise the files' owner. Never fails: that nobody is known is an answer too.
 */
export async function authorOf(folder: string, files: readonly PolicyFile[]): Promise<string> {
  return (await committer(folder, files).catch(() => null)) ?? (await ownerOf(folder, files).catch(() => 'unknown'));
}

async function committer(folder: string, files: readonly PolicyFile[]): Promise<string | null> {
  const tree = await git(folder, ['ls-tree', '-r', '-z', 'HEAD', '.']);
  const committed = new Set(tree.split('\0'));
  if (files.length === 0 || !files.every((file) => committed.has(`100644 blob ${blobId(file)}\t${file.name}`))) return null;
  const said = (await git(folder, ['log', '-1', '--format=%an <%ae>, commit %h', '--', '.'])).trim();
  return said === '' ? null : said;
}

/** `git status` would run what the checkout's configuration names; comparing the ids of the files runs nothing. */
function blobId({ content }: PolicyFile): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

async function git(folder: string, words: readonly string[]): Promise<string> {
  const tame = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'log.showSignature=false', '--no-pager'];
  // The gateway's environment holds secrets, and a checkout that lacks something could fetch it by whatever its configuration names.
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], GIT_NO_LAZY_FETCH: '1', GIT_OPTIONAL_LOCKS: '0' };
  const { stdout } = await run('git', ['-C', folder, ...tame, ...words], { env, timeout: 5_000, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

async function ownerOf(folder: string, files: readonly PolicyFile[]): Promise<string> {
  const found = await Promise.all(files.map(async ({ path }) => ({ path, facts: await stat(path) })));
  const [newest] = found.toSorted((one, other) => other.facts.mtimeMs - one.facts.mtimeMs);
  const { uid } = newest?.facts ?? (await stat(folder));
  const own = userInfo();
  return uid === own.uid ? `${own.username} (owner of the files)` : `user ${uid} (owner of the files)`;
}
