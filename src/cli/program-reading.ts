import { type Command, Option } from 'commander';
import { sessionQuery, exchangeQuery } from '../api/contract.ts';
import type { AuditorKey } from '../archive/auditor-key.ts';
import type { ExchangeFilter, PageRequest, SessionFilter } from '../archive/items.ts';
import { auditorKey, moment, rowLimit, speed, type TokenOptions, tokenOf, wholeNumber } from './arguments.ts';
import { exportSession } from './export.ts';
import { misuse } from './failure.ts';
import { styled } from './output.ts';
import { replaySession } from './player.ts';
import type { CommandContext } from './command-context.ts';
import type { RecordSource } from './record-source.ts';
import { defaultLimits, noLimits } from './result.ts';
import { searchExchanges } from './search.ts';
import { checkedServer, fromServer, type Server } from './server-source.ts';
import { listSessions } from './sessions.ts';
import { counted } from './visible.ts';

export const defaultServer = 'http://127.0.0.1:8080';

/** Which record, and how it is shown. */
export interface SourceOptions extends TokenOptions {
  readonly server?: string;
  readonly state?: string;
  readonly json?: boolean;
}

interface AuditorOptions {
  readonly identity?: string;
}
const identity = ['--identity <file>', 'a private key of age’s: shows what was masked as the target said it'] as const;

type ListOptions<Filter> = SourceOptions & Filter & { readonly limit: number; readonly cursor?: string };

/** Adds the commands that read the record. */
export function addReading(program: Command, context: CommandContext): void {
  addSessions(program, context);
  addSearch(program, context);
  addReplay(program, context);
  addExport(program, context);
}

/** Where the gateway is and who asks. */
export function withServer(command: Command): Command {
  return command
    .option('--server <url>', `the gateway’s console (default: CHAPERONE_SERVER or ${defaultServer})`)
    .option('--token <token>', 'your token; other users of this machine can see it there, so better set CHAPERONE_TOKEN')
    .option('--token-file <file>', 'a file that holds your token')
    .option('--json', 'machine-readable output, errors as well');
}

/** The gateway that the options or the environment name, and who asks. */
export function serverOf(flags: TokenOptions & { readonly server?: string }, { env }: CommandContext): Server {
  return { base: checkedServer(flags.server ?? env['CHAPERONE_SERVER'] ?? defaultServer), token: tokenOf(flags, env) };
}

/** Which record: a gateway's, or that in a state folder. */
export function withSource(command: Command): Command {
  return withServer(command).option('--state <folder>', 'read a state folder instead of asking a gateway');
}

function withPage(command: Command): Command {
  return command
    .option('--limit <number>', 'how many, 1 to 1000', wholeNumber(1, 1000), 50)
    .option('--cursor <cursor>', 'go on where a page ended');
}

function addSessions(program: Command, context: CommandContext): void {
  const when = moment(context.now);
  const command = withSource(program.command('sessions').summary('list sessions').description('Lists sessions, newest first.'))
    .option('--user <subject>', 'subject or e-mail')
    .option('--agent <name>', 'the agent that acted')
    .option('--run <id>', 'the agent’s run')
    .option('--connection <name>', 'the connection')
    .addOption(new Option('--status <status>', 'how it is').choices([...sessionQuery.shape.status.unwrap().options]))
    .option('--since <time>', 'begun then or later: a time, a day, or how long ago (24h, 7d)', when)
    .option('--until <time>', 'begun before', when);
  withPage(command).action((options: ListOptions<SessionFilter>) =>
    readingFrom(options, context, (source) => listSessions(source, listing(options), context.streams)),
  );
}

function addSearch(program: Command, context: CommandContext): void {
  const when = moment(context.now);
  const { verdict, effect } = exchangeQuery.shape;
  const command = withSource(program.command('search').summary('find exchanges'))
    .description('Finds exchanges by what was asked or what came back, newest first.')
    .argument('<text>', 'what to find: words, as they stand and in any case')
    .option('--query', 'read the text as a query of the console’s, such as verdict:refused agent:cursor took:>1s')
    .option('--session <id>', 'in one session')
    .option('--connection <name>', 'on one connection')
    .addOption(new Option('--verdict <verdict>', 'what the gate said').choices([...verdict.unwrap().options]))
    .addOption(new Option('--effect <effect>', 'what it does').choices([...effect.unwrap().options]))
    .option('--object <name>', 'what it touches')
    .option('--since <time>', 'begun then or later: a time, a day, or how long ago (24h, 7d)', when)
    .option('--until <time>', 'begun before', when);
  withPage(command).action((text: string, { query = false, ...options }: ListOptions<ExchangeFilter> & { readonly query?: boolean }) => {
    const { filter, ...rest } = listing(options);
    const asked = { ...rest, query, filter: { ...filter, q: text } };
    return readingFrom(options, context, (source) => searchExchanges(source, asked, context.streams));
  });
}

interface ReplayFlags extends SourceOptions, AuditorOptions {
  readonly speed: number;
  readonly delay: boolean;
  readonly exchange?: number;
  readonly rows: number;
  readonly full?: boolean;
}

function addReplay(program: Command, context: CommandContext): void {
  withSource(program.command('replay').summary('play a session'))
    .description('Plays a session as it was: statements, bind values, results, in their time. Silences over 2 s are folded.')
    .argument('<session>', 'its id')
    .option('--speed <factor>', 'how many times faster', speed, 1)
    .option('--no-delay', 'do not wait; so it is where the output is no terminal')
    .option('--exchange <number>', 'this one only', wholeNumber(0, 2 ** 31))
    .option('--rows <number>', 'rows shown of a result, or all', rowLimit, defaultLimits.rows)
    .option('--full', 'cut nothing: all rows, whole values, whole texts')
    .option(...identity)
    .action((session: string, options: ReplayFlags) => {
      const { streams, wait } = context;
      const waits = options.delay && streams.out.interactive && options.exchange === undefined;
      const limits = options.full ? noLimits : { ...defaultLimits, rows: options.rows };
      const terms = { speed: waits ? options.speed : null, exchange: options.exchange ?? null, limits, json: options.json ?? false, wait };
      return auditing(options, context, (source, auditor) => replaySession(source, session, { ...terms, auditor }, streams));
    });
}

interface ExportFlags extends SourceOptions, AuditorOptions {
  readonly format: 'ndjson' | 'har' | 'patch' | 'asciicast';
  readonly exchange?: number;
  readonly output?: string;
}

function addExport(program: Command, context: CommandContext): void {
  withSource(program.command('export').summary('write a recording in an open format'))
    .description(
      'Writes the recording of a session: every entry in order, decoded, one JSON document a line (ndjson), its HTTP requests (har), the commits that it pushed (patch, a mailbox for git am), or its terminals (asciicast, for asciinema play).',
    )
    .argument('<session>', 'its id')
    .addOption(new Option('--format <format>', 'the format').choices(['ndjson', 'har', 'patch', 'asciicast']).makeOptionMandatory())
    .option('--exchange <number>', 'this one only', wholeNumber(1, 2 ** 31))
    .option('--output <file>', 'default: standard output')
    .option(...identity)
    .action((session: string, options: ExportFlags) => {
      const { format, exchange = null, output = null, json = false } = options;
      const terms = { format, exchange, output, json };
      return auditing(options, context, (source, auditor) => exportSession(source, session, { ...terms, auditor }, context.streams));
    });
}

function listing<Filter extends object>(
  options: ListOptions<Filter>,
): { filter: Omit<ListOptions<Filter>, keyof SourceOptions | keyof PageRequest>; page: PageRequest; json: boolean } {
  const { limit, cursor, server: _server, token: _token, tokenFile: _file, state: _state, json, ...filter } = options;
  return { filter, page: { limit, cursor: cursor ?? null }, json: json ?? false };
}

/** Opens the record that the options name for as long as `read` takes. */
export async function readingFrom(
  options: SourceOptions,
  context: CommandContext,
  read: (source: RecordSource) => Promise<void>,
): Promise<void> {
  const source = openSource(options, context);
  const { err } = context.streams;
  try {
    const caveat = source.caveat();
    if (caveat !== null) await err.write(`${styled(err, 'yellow', `chaperone: ${caveat}`)}\n`);
    await read(source);
  } finally {
    source.close();
  }
}

/** The same for an auditor who may have a private key, with a word on what was opened with it. */
function auditing(
  options: SourceOptions & AuditorOptions,
  context: CommandContext,
  read: (source: RecordSource, auditor: AuditorKey | null) => Promise<void>,
): Promise<void> {
  return readingFrom(options, context, async (source) => {
    const auditor = options.identity === undefined ? null : await auditorKey(options.identity);
    await read(source, auditor);
    if (auditor === null) return;
    const { err } = context.streams;
    const said =
      auditor.opened === 0
        ? 'no original is sealed in this session; what is shown is what crossed.'
        : `${counted(auditor.opened, 'sealed original')} opened; what is shown is not masked.`;
    await err.write(`${styled(err, 'yellow', `chaperone: ${said}`)}\n`);
  });
}

function openSource(options: SourceOptions, { env, openState, decoderOf }: CommandContext): RecordSource {
  const { server, state } = options;
  if (state === undefined) return fromServer(server ?? env['CHAPERONE_SERVER'] ?? defaultServer, tokenOf(options, env), decoderOf);
  if (server !== undefined) throw misuse('--server and --state exclude each other.', 'Name the one to read.');
  return openState(state);
}
