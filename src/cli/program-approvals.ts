import { type Command, Option } from 'commander';
import { approvalQuery } from '../api/contract.ts';
import { decideApproval, type Decision, listApprovals } from './approvals.ts';
import { type TokenOptions, wholeNumber } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { serverOf, withServer } from './program-reading.ts';

interface ServerFlags extends TokenOptions {
  readonly server?: string;
  readonly json?: boolean;
}

/** Adds the approver's commands. */
export function addApprovals(program: Command, context: CommandContext): void {
  withServer(program.command('approvals').summary('list what people are asked'))
    .description('Lists approvals that you may see, newest first: what your groups are asked, and what you asked for.')
    .addOption(new Option('--status <status>', 'how it is').choices([...approvalQuery.shape.status.unwrap().options]))
    .option('--limit <number>', 'how many, 1 to 1000', wholeNumber(1, 1000), 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(({ status, limit, cursor, ...flags }: ServerFlags & { status?: string; limit: number; cursor?: string }) => {
      const terms = { status: status ?? null, page: { limit, cursor: cursor ?? null }, json: flags.json ?? false };
      return listApprovals(serverOf(flags, context), terms, context.streams);
    });
  withServer(program.command('approve').summary('let a request pass, once'))
    .description('Shows a request and approves exactly it. It takes a token of your own: what an agent acts by does not count.')
    .argument('<approval>', 'its id')
    .option('--reason <text>', 'put on record')
    .option('--read-back <name>', 'what it is about; where it cannot be taken back, a terminal is asked for it')
    .action(
      (id: string, { reason = null, readBack = null, ...flags }: ServerFlags & { reason?: string | null; readBack?: string | null }) =>
        decide(id, { decision: 'approve', reason, readBack }, flags),
    );
  withServer(program.command('deny').summary('refuse a request'))
    .description('Refuses a request.')
    .argument('<approval>', 'its id')
    .requiredOption('--reason <text>', 'why: told to whoever asked, and put on record')
    .action((id: string, { reason, ...flags }: ServerFlags & { reason: string }) =>
      decide(id, { decision: 'deny', reason, readBack: null }, flags),
    );

  function decide(id: string, decision: Omit<Decision, 'json'>, flags: ServerFlags): Promise<void> {
    return decideApproval(serverOf(flags, context), id, { ...decision, json: flags.json ?? false }, context);
  }
}
