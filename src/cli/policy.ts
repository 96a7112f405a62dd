import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { SessionFilter } from '../archive/items.ts';
import type { CommandContext } from './command-context.ts';
import { moment } from './arguments.ts';
import { problemText } from './check.ts';
import type { Proposal } from '../api/backtest/compare.ts';
import { testPolicies } from './policy-test.ts';
import { readingFrom, type SourceOptions, withSource } from './program-reading.ts';
import { jsonLine } from './visible.ts';

interface TestOptions extends SourceOptions {
  readonly config: string;
  readonly policies?: string;
  readonly since?: string;
  readonly until?: string;
  readonly connection?: string;
  readonly user?: string;
}

/** Adds the commands about policies. */
export function addPolicy(program: Command, context: CommandContext): void {
  const when = moment(context.now);
  const group = program.command('policy').summary('try policies').description('Tries policies before they come into force.');
  withSource(group.command('test').summary('judge recorded exchanges anew'))
    .description('Judges the recorded exchanges by changed policies and lists those that would be decided otherwise.')
    .requiredOption('--config <file>', 'the configuration')
    .option('--policies <folder>', 'the changed policies (default: those of the configuration)')
    .option('--since <time>', 'sessions begun then or later: a time, a day, or how long ago (24h, 7d)', when)
    .option('--until <time>', 'sessions begun before', when)
    .option('--connection <name>', 'the connection')
    .option('--user <subject>', 'subject or e-mail')
    .addHelpText('after', '\nWithout --server and --state it reads the state folder of the configuration.')
    .action((options: TestOptions) => runTest(options, context));
}

async function runTest(options: TestOptions, context: CommandContext): Promise<void> {
  const { config, policies, json = false, since, until, connection, user } = options;
  const opened = await openProposal(config, policies, context);
  if ('problems' in opened) {
    await context.streams.err.write(json ? `${jsonLine(opened)}\n` : problemText(opened.problems));
    context.exit = 2;
    return;
  }
  const given = options.state ?? options.server ?? context.env['CHAPERONE_SERVER'];
  const place = given === undefined ? { ...options, state: opened.state } : options;
  const filter: SessionFilter = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(connection === undefined ? {} : { connection }),
    ...(user === undefined ? {} : { user }),
  };
  await readingFrom(place, context, async (source) => {
    context.exit = await testPolicies(source, opened.proposal, { filter, json }, context.streams);
  });
}

type Opened = { readonly proposal: Proposal; readonly state: string } | { readonly problems: Parameters<typeof problemText>[0] };

async function openProposal(config: string, folder: string | undefined, { protocols }: CommandContext): Promise<Opened> {
  const [{ loadConfiguration }, { createPolicy }] = await Promise.all([
    import('../gateway/configuration/index.ts'),
    import('../stages/policy/index.ts'),
  ]);
  // An option counts from where the command is run, a path of the configuration from its folder.
  const configuration = await loadConfiguration(config, await protocols(), folder === undefined ? {} : { policies: resolve(folder) });
  if (Array.isArray(configuration)) return { problems: configuration };
  const { policies, connections, keptConnections, state } = configuration;
  const policy = createPolicy(policies);
  const judge: typeof policy.judge = (circumstance, action) => policy.judge(circumstance, action);
  return { proposal: { version: policies.version, connections: new Set([...connections.keys(), ...keptConnections]), judge }, state };
}
