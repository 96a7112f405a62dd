import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import type { AuditorKey } from '../archive/auditor-key.ts';
import { messageOf } from '../core/errors.ts';
import { misuse } from './failure.ts';

/** Parsers of options: each says what it takes, and commander names the option. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

export function speed(text: string): number {
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError('Expected how many times faster than it was, for example 4 or 0.5.');
}

/** A count, or all. */
export function rowLimit(text: string): number {
  return text === 'all' ? Infinity : wholeNumber(0, 1_000_000)(text);
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A moment as RFC 3339, a day (UTC), or how long ago: `2026-01-31T08:00:00Z`, `2026-01-31`, `90m`, `24h`, `7d`. */
export function moment(now: () => number) {
  return (text: string): string => {
    const ago = /^(\d{1,6})([smhd])$/.exec(text);
    if (ago) return new Date(now() - Number(ago[1]) * units[ago[2] as keyof typeof units]).toISOString();
    const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) return new Date(time).toISOString();
    throw new InvalidArgumentError('Expected a time such as 2026-01-31T08:00:00Z or 2026-01-31, or how long ago: 90m, 24h, 7d.');
  };
}

export interface TokenOptions {
  readonly token?: string;
  readonly tokenFile?: string;
}

/** The token, from the command line, a file or the environment, in this order. */
export function tokenOf({ token, tokenFile }: TokenOptions, env: NodeJS.ProcessEnv): string {
  const found = (token ?? (tokenFile === undefined ? env['CHAPERONE_TOKEN'] : readToken(tokenFile)) ?? '').trim();
  if (found === '')
    throw misuse('No token was given.', 'Put it in the environment variable CHAPERONE_TOKEN, or in a file named by --token-file.');
  if (/^[\x21-\x7e]+$/.test(found)) return found;
  throw misuse('The token holds characters that no token has.', 'Give the token alone, without quotes or line breaks.');
}

function readToken(path: string): string {
  return readText(path, '--token-file');
}

/** The private keys in a file, which stay on this machine. */
export async function auditorKey(path: string): Promise<AuditorKey> {
  const text = readText(path, '--identity');
  const key = (await import('../archive/auditor-key.ts')).AuditorKey.from(text);
  if (key !== null) return key;
  throw misuse(`--identity ${path} holds no private key of age’s.`, 'Name the file that age-keygen wrote, with a line AGE-SECRET-KEY-….');
}

/** A file that an option names. */
export function readText(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    throw misuse(`${option} ${path} could not be read: ${messageOf(fault)}.`, 'Check the path and who may read it.');
  }
}
