import { type Command, Option } from 'commander';
import type { TokenOptions } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { serverOf, withServer } from './program-reading.ts';
import { terminate } from './terminate.ts';

interface Flags extends TokenOptions {
  readonly server?: string;
  readonly json?: boolean;
  readonly run?: boolean;
  readonly reason?: string;
}

/** Adds the command that stops. */
export function addTerminate(program: Command, context: CommandContext): void {
  withServer(program.command('terminate').summary('end a session, or a run'))
    .description('Ends a session that goes on, and says what was under way: your own, or with the role admin anybody’s.')
    .argument('<session>', 'its id')
    .addOption(new Option('--run', 'the id is a run’s: end all of it that goes on'))
    .option('--reason <text>', 'told to the client, and put on record')
    .action((id: string, { run, reason, ...flags }: Flags) => {
      const terms = {
        kind: run === true ? ('runs' as const) : ('sessions' as const),
        id,
        reason: reason ?? null,
        json: flags.json ?? false,
      };
      return terminate(serverOf(flags, context), terms, context.streams);
    });
}
