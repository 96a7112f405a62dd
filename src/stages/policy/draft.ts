import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { loadInThread } from './load-thread.ts';
import type { PolicyProblem } from './policy.ts';
import type { PolicyCatalog } from './schema.ts';

/** A file of policies that somebody thinks of putting into the folder. */
export interface DraftFile {
  /** Relative to the folder, ending in `.cedar`. */
  readonly name: string;
  readonly text: string;
}

/** What would become of a draft: the version that it would be and its policies, or why it would not come into force. */
export type DraftFindings =
  | { readonly kind: 'sound'; readonly version: string; readonly policies: readonly string[] }
  | { readonly kind: 'unsound'; readonly problems: readonly PolicyProblem[] };

/** What somebody sends may take long to read, on purpose or not. */
const patienceMs = 30_000;

/** Reads a draft exactly as the folder is read. */
export function checkDraft(files: readonly DraftFile[], catalogs: readonly PolicyCatalog[]): Promise<DraftFindings> {
  return withDraft(files, async (folder) => {
    const loaded = await loadInThread({ folder, catalogs }, patienceMs);
    if ('version' in loaded) return { kind: 'sound', version: loaded.version, policies: [...loaded.policies.keys()] };
    return unsound(folder, loaded);
  });
}

/** Lays a draft down in a folder of its own that nobody else may enter, for as long as `use` takes. */
export async function withDraft<Result>(files: readonly DraftFile[], use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-draft-'));
  try {
    for (const { name, text } of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, name), text, { mode: 0o600 });
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Problems as whoever wrote the draft knows its files. */
export function unsound(folder: string, problems: readonly PolicyProblem[]): DraftFindings & { readonly kind: 'unsound' } {
  return { kind: 'unsound', problems: problems.map((problem) => ({ ...problem, file: relative(folder, problem.file) })) };
}
