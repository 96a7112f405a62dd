import { Argument, type Command } from 'commander';
import { type TokenOptions, tokenOf } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { answerGit } from './git-credential.ts';

/** Adds the command that git calls for the token. */
export function addGitCredential(program: Command, context: CommandContext): void {
  program
    .command('git-credential')
    .summary('give git the token, as a credential helper')
    .description(
      'Answers git as a credential helper, with the token as password. For the gateway alone: git config credential.https://gateway.example.com.helper "!chaperone git-credential".',
    )
    .addArgument(new Argument('<operation>', 'what git wants').choices(['get', 'store', 'erase']))
    .option('--token <token>', 'default: CHAPERONE_TOKEN')
    .option('--token-file <file>', 'a file that holds it')
    .action((operation: string, options: TokenOptions) =>
      answerGit(operation, process.stdin, () => tokenOf(options, context.env), context.streams),
    );
}
