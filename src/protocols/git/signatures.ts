import { writeFile } from 'node:fs/promises';
import type { CommitFound, InspectionJob } from './inspection.ts';
import { GitFailed, runGit, signersFile } from './native.ts';

/** More than so many are not looked at, and count as not verified: ssh-keygen runs twice for each. */
const mostVerified = 1_000;

/**
 * Whether every new commit is signed with a key that the connection has for its committer, and every new tag with one of these keys. Where
 * nothing is new, nothing is unverified.
 */
export async function areVerified(
  { place, signers }: Pick<InspectionJob, 'place' | 'signers'>,
  { commits, tags }: { readonly commits: readonly CommitFound[]; readonly tags: readonly string[] },
  signal: AbortSignal,
): Promise<boolean> {
  const count = commits.length + tags.length;
  if (count === 0) return true;
  if (signers.length === 0 || count > mostVerified || !commits.every(({ signed }) => signed)) return false;
  // A signature is good for git alone, not for files or letters that were signed with the same key.
  const allowed = signers.map((line) => line.replace(' ', ' namespaces="git" ')).join('\n');
  await writeFile(signersFile(place), `${allowed}\n`, { mode: 0o600 });
  for (const tag of tags) if (!(await isGood(() => runGit(place, ['verify-tag', tag], { signal })))) return false;
  if (commits.length === 0) return true;
  const input = commits.map(({ id }) => `${id}\n`).join('');
  const listed = await runGit(place, ['log', '--no-walk=unsorted', '--stdin', '--format=%H %G? %GS'], { signal, input });
  const good = new Map(listed.toString().split('\n').flatMap(signerIn));
  return commits.every(({ id, committer }) => good.get(id) === committer.email.toLowerCase());
}

/** Of a commit whose signature is good by a key that is allowed; git says `G` of no other. */
function signerIn(line: string): (readonly [string, string])[] {
  const [, id, signer] = /^([0-9a-f]+) G (.+)$/.exec(line) ?? [];
  return id === undefined || signer === undefined ? [] : [[id, signer.toLowerCase()]];
}

async function isGood(verify: () => Promise<unknown>): Promise<boolean> {
  try {
    await verify();
    return true;
  } catch (fault) {
    // Its way of saying no.
    if (fault instanceof GitFailed && fault.code !== null) return false;
    throw fault;
  }
}
