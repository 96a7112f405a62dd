import type { Readable } from 'node:stream';
import { hostOf, isLoopback } from '../wire/loopback.ts';
import { misuse } from './failure.ts';
import type { Streams } from './output.ts';

/** A helper's input is a few lines. */
const longestInput = 64 * 1024;

/**
 * Answers git as one of its credential helpers (git-credential(1), "INPUT/OUTPUT FORMAT"): what it is asked for is the token, under
 * a user name that means nothing. There is nothing to store or erase.
 */
export async function answerGit(operation: string, input: Readable, token: () => string, { out }: Streams): Promise<void> {
  const asked = await read(input);
  if (operation !== 'get') return;
  const said = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(asked)?.[1] ?? '';
  const address = URL.parse(`${said('protocol')}://${said('host')}`);
  // Over plain HTTP a token goes to this machine alone.
  if (address === null || (address.protocol !== 'https:' && !isLoopback(hostOf(address)))) return;
  await out.write(`username=oauth2\npassword=${token()}\n`);
}

async function read(input: Readable): Promise<string> {
  let text = '';
  input.setEncoding('utf8');
  // A readable with an encoding gives text.
  for await (const piece of input) {
    text += piece as string;
    if (text.length > longestInput) throw misuse('What git asks for is too long.', 'This command is called by git as a credential helper.');
  }
  return text;
}
