import { access, mkdir } from 'node:fs/promises';
import { runGit } from './git.ts';

/** A commit of the sample repository, on its branch `main`. */
interface SampleCommit {
  readonly message: string;
  readonly files: { readonly [path: string]: string };
}

const commits: readonly SampleCommit[] = [
  {
    message: 'Begin the shop’s web application',
    files: {
      'README.md': '# web-app\n\nThe front of the sample shop. Invented, like all of the demonstration.\n',
      'src/cart.js': 'export const total = (lines) => lines.reduce((sum, { cents, count }) => sum + cents * count, 0);\n',
    },
  },
  {
    message: 'Show prices in euros',
    files: { 'src/price.js': 'export const price = (cents) => `${(cents / 100).toFixed(2)} €`;\n' },
  },
];

/** Makes the sample repository at `path` where there is none. Throws where git is missing or fails. */
export async function openSampleRepository(path: string): Promise<void> {
  if (await exists(path)) return;
  await mkdir(path, { recursive: true });
  await runGit({ folder: path }, 'init', '--quiet', '--bare', '--initial-branch=main');
  await runGit({ folder: path, input: commits.map(importCommand).join('') }, 'fast-import', '--quiet');
}

/** As `git fast-import` reads it: lengths are in bytes. */
function importCommand({ message, files }: SampleCommit, index: number): string {
  const when = 1_780_000_000 + index * 86_400;
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const changes = Object.entries(files).map(([name, text]) => `M 100644 inline ${name}\n${data(text)}`);
  return `commit refs/heads/main\ncommitter Dana <dana@example.test> ${when} +0000\n${data(message)}${changes.join('')}\n`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
