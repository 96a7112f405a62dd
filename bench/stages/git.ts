import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type GitGround, gitVariants, layGitGround } from '../ground/git.ts';
import { type Ground, rotated } from '../ground/ground.ts';
import { cpuSecondsOfAll, peakResidentBytes, resetPeak } from '../ground/process-figures.ts';
import type { GitRun } from '../results.ts';

/** A large repository is pushed to an empty one, cloned, and changed in many files, by each way in turn. */
export async function benchGit(ground: Ground): Promise<GitRun[]> {
  const { options, signal, say } = ground;
  await using laid = await layGitGround(ground);
  const runs: GitRun[] = [];
  for (let round = 0; round < options.rounds; round += 1)
    for (const variant of rotated(gitVariants, round)) {
      signal.throwIfAborted();
      const run = await goOneWay(laid, variant, round, options.gitFiles);
      runs.push(run);
      say(lineOf(run));
    }
  return runs;
}

async function goOneWay(laid: GitGround, variant: GitRun['variant'], round: number, files: number): Promise<GitRun> {
  const { source, objects, folder, gatewayPid, git } = laid;
  const url = laid.url(variant, round);
  const [copy, work] = [join(folder, 'copy'), join(folder, 'work')];
  const cpuBefore = cpuSecondsOfAll(gatewayPid);
  resetPeak(gatewayPid);
  const pushSeconds = await timed(() => git(source, 'push', '--quiet', url, 'main'));
  const pushCpuSeconds = cpuSecondsOfAll(gatewayPid) - cpuBefore;
  await laid.settled();
  const cloneSeconds = await timed(() => git(folder, 'clone', '--quiet', '--bare', url, copy));
  await laid.settled();
  await git(folder, 'clone', '--quiet', copy, work);
  await changeFiles(work, files);
  await git(work, 'add', '--all');
  await git(work, 'commit', '--quiet', '--message', 'Change many files');
  const changeSeconds = await timed(() => git(work, 'push', '--quiet', url, 'HEAD:main'));
  await laid.settled();
  for (const clone of [copy, work]) await rm(clone, { recursive: true });
  const gateway = variant === 'direct' ? null : { pushCpuSeconds, peakResidentBytes: peakResidentBytes(gatewayPid) };
  return { round, variant, objects, files, pushSeconds, cloneSeconds, changeSeconds, gateway };
}

async function changeFiles(work: string, files: number): Promise<void> {
  for (let file = 0; file < files; file += 1) {
    const path = join(work, 'src', `part-${file % 40}`, `file-${file}.txt`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `changed\n${'a line that is new in this file\n'.repeat(20)}`);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

function lineOf({ round, variant, objects, files, pushSeconds, cloneSeconds, changeSeconds, gateway }: GitRun): string {
  const own =
    gateway === null
      ? ''
      : `, ${gateway.pushCpuSeconds.toFixed(1)} s CPU, resident ${(gateway.peakResidentBytes / 2 ** 20).toFixed(0)} MB at most`;
  const times = `push of ${objects} objects ${pushSeconds.toFixed(2)} s, clone ${cloneSeconds.toFixed(2)} s, push of ${files} files ${changeSeconds.toFixed(2)} s`;
  return `git, round ${round + 1}, ${variant.padEnd(6)} ${times}${own}`;
}
