import type { Command } from 'commander';
import { hostOf, isLoopback } from '../wire/loopback.ts';
import { readText, rowLimit, type TokenOptions, tokenOf, wholeNumber } from './arguments.ts';
import type { ConnectOptions, Work } from './connect.ts';
import { misuse } from './failure.ts';
import { defaultServer, withServer } from './program-reading.ts';
import type { CommandContext } from './command-context.ts';
import { checkedServer } from './server-source.ts';

interface ConnectFlags extends TokenOptions {
  readonly server?: string;
  readonly host?: string;
  readonly port: number;
  readonly tls?: boolean;
  readonly ca?: string;
  readonly run?: string;
  readonly execute?: string;
  readonly file?: string;
  readonly rows: number;
  readonly json?: boolean;
}

/** Adds the command that works on a database through the gateway. */
export function addConnect(program: Command, context: CommandContext): void {
  withServer(program.command('connect').summary('work on a database through the gateway'))
    .description('Runs SQL on a connection, where no database client is installed: one text, a file, or what is typed or piped in.')
    .argument('<connection>', 'its name')
    .option('--host <host>', 'the gateway’s database listener (default: the host of --server)')
    .option('--port <port>', 'its port', wholeNumber(1, 65_535), 15_432)
    .option('--tls', 'speak over TLS; always so where the host is not loopback')
    .option('--ca <file>', 'certificate authority of the listener, in PEM')
    .option('--run <id>', 'ties the session to an agent’s run')
    .option('-c, --execute <sql>', 'run this and end')
    .option('--file <file>', 'run what is in this file and end')
    .option('--rows <number>', 'rows shown of a result, or all', rowLimit, Infinity)
    .action(async (connection: string, flags: ConnectFlags) => {
      const options = connectOptions(connection, flags, context);
      const work = workOf(flags, context);
      // The database client is loaded by the one command that needs it: serve starts without it.
      const { connectTo } = await import('./connect.ts');
      context.exit = await connectTo(options, work, context.streams);
    });
}

function connectOptions(connection: string, flags: ConnectFlags, { env, streams }: CommandContext): ConnectOptions {
  const server = checkedServer(flags.server ?? env['CHAPERONE_SERVER'] ?? defaultServer);
  const host = flags.host ?? hostOf(server);
  const ca = flags.ca === undefined ? null : readText(flags.ca, '--ca');
  const plain = isLoopback(host) && flags.tls !== true && ca === null;
  const { port, run = null, rows, json = false } = flags;
  const limits = { rows, cell: streams.out.interactive ? 200 : Infinity, lines: Infinity };
  return { connection, host, port, token: tokenOf(flags, env), run, tls: plain ? null : { ca }, limits, json };
}

function workOf({ execute, file }: ConnectFlags, { stdin }: CommandContext): Work {
  if (execute !== undefined && file !== undefined) throw misuse('--execute and --file exclude each other.', 'Give the one to run.');
  if (execute !== undefined) return { kind: 'text', text: execute };
  if (file !== undefined) return { kind: 'text', text: readText(file, '--file') };
  return { kind: 'input', input: stdin, typed: stdin.isTTY };
}
