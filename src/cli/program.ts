import { Command, CommanderError } from 'commander';
import { misuse, report } from './failure.ts';
import { addApprovals } from './program-approvals.ts';
import { addTerminate } from './program-terminate.ts';
import { addConnect } from './program-connect.ts';
import { addGitCredential } from './program-git.ts';
import { addPolicy } from './policy.ts';
import { addReading } from './program-reading.ts';
import type { CommandContext, ProgramDependencies } from './command-context.ts';
import type { QuickstartOptions } from './quickstart/quickstart.ts';
import { wholeNumber } from './arguments.ts';

/** Runs one command line (without the program's own name) and returns its exit code: 0, 1 failed, 2 used wrongly. */
export async function runProgram(words: readonly string[], deps: ProgramDependencies): Promise<number> {
  const context: CommandContext = { ...deps, pending: [], exit: 0 };
  const json = words.includes('--json');
  try {
    await createProgram(context).parseAsync([...words], { from: 'user' });
    await flush(context);
    return context.exit;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return await report(thrown, deps.streams.err, json);
    if (thrown.exitCode === 0) {
      await flush(context);
      return 0;
    }
    if (thrown.code === 'commander.help') {
      await deps.streams.err.write(context.pending.join(''));
      return 2;
    }
    const message = thrown.message.replace(/^error: /, '');
    return await report(misuse(message, 'Every command explains itself with --help.'), deps.streams.err, json);
  }
}

async function flush({ pending, streams }: CommandContext): Promise<void> {
  if (pending.length > 0) await streams.out.write(pending.join(''));
}

/** The commands; nothing runs before `parseAsync`. */
function createProgram(context: CommandContext): Command {
  const program = new Command('chaperone')
    .description('An access gateway for AI agents: one gate, one policy, one complete record.')
    .version(context.version)
    .configureOutput({
      writeOut: (text) => context.pending.push(text),
      writeErr: (text) => context.pending.push(text),
      outputError: () => {},
    })
    .exitOverride()
    .showHelpAfterError(false);
  addRunning(program, context);
  addReading(program, context);
  addPolicy(program, context);
  addApprovals(program, context);
  addTerminate(program, context);
  addConnect(program, context);
  addGitCredential(program, context);
  return program;
}

function addRunning(program: Command, context: CommandContext): void {
  program
    .command('serve')
    .summary('run the gateway')
    .description('Runs the gateway until SIGTERM, which drains it: no new sessions, open ones get time to end, the journal is sealed.')
    .requiredOption('--config <file>', 'the configuration')
    .option('--json', 'errors as one JSON object')
    .action(async ({ config }: { config: string }) => {
      context.exit = await context.serve(config);
    });
  program
    .command('check')
    .summary('validate a configuration')
    .description('Validates a configuration and its policies: each mistake with file, line and what to write instead. Starts nothing.')
    .requiredOption('--config <file>', 'the configuration')
    .option('--json', 'one JSON object')
    .action(async ({ config, json = false }: { config: string; json?: boolean }) => {
      context.exit = await context.check(config, { json });
    });
  const port = wholeNumber(0, 65_535);
  program
    .command('quickstart')
    .summary('a demonstration on this machine')
    .description(
      'Runs a gateway with an embedded database, HTTP API, git server, identity provider and sample traffic, on loopback only. Not for real use.',
    )
    .option('--state <folder>', 'the demonstration’s folder (default: .quickstart)')
    .option('--address <address>', 'a loopback address (default: 127.0.0.1)')
    .option('--console-port <port>', 'default 8080; 0 takes any free one', port)
    .option('--database-port <port>', 'default 15432; 0 takes any free one', port)
    .option('--web-port <port>', 'default 8081; 0 takes any free one', port)
    .option('--identity-port <port>', 'default 8082; 0 takes any free one', port)
    .option('--json', 'errors as one JSON object')
    .action(async ({ json: _json, ...options }: QuickstartOptions & { json?: boolean }) => {
      context.exit = await context.quickstart(options);
    });
}
