import { spawn } from 'node:child_process';
import { ChaperoneError } from '../../core/errors.ts';

/** How git is run: where, for whom, and with which headers on its requests. */
export interface GitUse {
  readonly folder: string;
  readonly identity?: { readonly name: string; readonly email: string };
  readonly headers?: readonly string[];
  readonly input?: string;
}

/** Runs git and throws where it fails or is missing. */
export async function runGit(use: GitUse, ...words: readonly string[]): Promise<void> {
  const { code, said } = await outcomeOf(use, words);
  if (code !== 0) throw new ChaperoneError('INTERNAL', `git ${words[0] ?? ''} failed: ${said}`);
}

/** Runs git; whether it did what it was told. */
export async function attemptGit(use: GitUse, ...words: readonly string[]): Promise<boolean> {
  return (await outcomeOf(use, words)).code === 0;
}

function outcomeOf(use: GitUse, words: readonly string[]): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', words, { cwd: use.folder, env: environmentOf(use), stdio: ['pipe', 'ignore', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.stdin.on('error', () => {});
    child.on('error', (cause) => reject(new ChaperoneError('INTERNAL', 'git cannot be run; install it and start again.', { cause })));
    child.on('close', (code) => resolve({ code, said: Buffer.concat(said).toString('utf8').trim() }));
    child.stdin.end(use.input ?? '');
  });
}

/** Nothing of the user's own configuration counts, and headers are in the environment alone: arguments are for all to see. */
function environmentOf({ folder, identity, headers = [] }: GitUse): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  const settings = headers.map((header) => ['http.extraHeader', header] as const);
  return {
    ...(PATH !== undefined && { PATH }),
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...(identity && {
      GIT_AUTHOR_NAME: identity.name,
      GIT_AUTHOR_EMAIL: identity.email,
      GIT_COMMITTER_NAME: identity.name,
      GIT_COMMITTER_EMAIL: identity.email,
    }),
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
