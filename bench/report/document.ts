import type { Options } from '../options.ts';
import type { Machine, Results } from '../results.ts';
import { markdownOf, tablesOf } from './tables.ts';

const leastRounds = 3;
/** Processes that may want to run beside the benchmark before its figures are doubted. */
const quietLoad = 0.5;

/** `docs/benchmarks.md`: the tables of the saved run and how they came about. */
export function documentOf(results: Results): string {
  const { date, machine, options } = results;
  const tables = tablesOf(results).map((table) => `## ${table.name}\n\n${aboutOf(table.name, options)}${markdownOf(table)}`);
  return `# Benchmarks

Written by \`npm run bench -- --save\` from [its results](../bench/results/${fileOf(results)}); not by hand. Measured on ${date.slice(0, 10)} in
${options.rounds === 1 ? 'one round' : `${options.rounds} rounds`}, pgbench for ${options.seconds} s a run.${caveatOf(results)}

![Throughput compared with a direct connection](benchmarks.svg)

${machineText(machine)}

${tables.join('\n\n')}

${methodOf(options)}`;
}

/** The name of the results' file in \`bench/results/\`. */
export function fileOf({ date }: Results): string {
  return `${date.slice(0, 10)}.json`;
}

/** Why the figures are not to be relied on, where they are not. */
function caveatOf({ options, machine }: Results): string {
  const reasons = [
    ...(options.rounds < leastRounds ? [`fewer than ${leastRounds} rounds`] : []),
    ...(machine.loadBefore > quietLoad ? ['other programs were running on the machine'] : []),
  ];
  return reasons.length === 0 ? '' : `\n**Indicative only**: ${reasons.join(', and ')}.`;
}

function machineText(machine: Machine): string {
  const { processor, cores, memoryGigabytes, system, node, postgres, pgbench, pgbouncer, loadBefore, flushMicros } = machine;
  return `Machine: ${processor}, ${cores} cores, ${memoryGigabytes} GB, ${system}; a flush of 4 KB to its disk takes ${flushMicros} µs. Load by others
in the minute before: ${loadBefore}. Node ${node.replace('v', '')}, PostgreSQL ${postgres}, pgbench ${pgbench}, ${pgbouncer === null ? 'no pgbouncer' : `pgbouncer ${pgbouncer}`}.`;
}

/** What has to be known to read a table. */
function aboutOf(name: string, { stallSeconds, connectSeconds, gitFiles }: Options): string {
  const about: { readonly [table: string]: string } = {
    'What it is held to': 'Ratios are medians over the rounds of ratios within one round.',
    Statements: `\`pgbench -S\`: one row by its primary key. A pipeline is a hundred of these, prepared, and p50 and p99 are then the whole
pipeline's. Counted from when each client is done with its first, before which it prepares its statements. CPU is that of the process in
between, all threads; for Chaperone it includes archiving to the end. A commit is a batch that went to the journal in one write.`,
    Streams: 'psql copies to nowhere and from `cat`; the large result is thrown away as it is read. Memory is the whole process.',
    'A reader that stalls': `The reader stops for ${stallSeconds} s after the first 100 KB, then takes the rest; the speed does not count the stall.`,
    'Idle sessions': 'Sessions that ran one statement. The collection of garbage is forced before and after, to tell growth from slack.',
    'New sessions': `Each with a TLS handshake, a token of its own that is checked, and a SCRAM login at the target, for ${connectSeconds} s. Times count
from the moment a session was due to the first ReadyForQuery.`,
    'More than one process': `Gateways that listen on one port, each with a state folder of its own; the kernel spreads pgbench's clients over them,
and the last column says how evenly. On a machine of few cores they share these with pgbench and PostgreSQL: what a second one could
do elsewhere is not seen here.`,
    Verdicts: 'Reading a statement that joins two tables and judging it, in one process; a new text has a shape of its own.',
    'Many rules': `The same load over a gateway with one policy, and over one with policies on the same actions and with rules of masking for
tables that the load does not read.`,
    Masking: `A result of three text columns, every value different: an e-mail address, a name, a note of 50 characters. A gateway of its own for
each way; the detectors are \`email\`, \`card\` and \`iban\`. CPU is of all threads and includes archiving.`,
    HTTP: `nginx serves a page of short records and a gigabyte of zeros; wrk asks for the page over kept connections, curl for the gigabyte, and
then it sends one, which a program of Node's takes and throws away. nginx as reverse proxy records nothing, nor does that of \`node:http\`, which
hands on what comes; a server of \`node:http\` that answers at once, with no target behind it, is what is left of that where nothing is handed
on. With Chaperone every byte of both directions is on record.`,
    Git: `\`git http-backend\` behind a web server of Node's is the target. The same repository is pushed to an empty one, in each round to another,
and cloned; then ${gitFiles} files of it are changed and pushed as one commit. Times are git's from start to end, in seconds. CPU is of the
gateway and of the git that it runs; archiving goes on beside, as far as it comes.`,
  };
  const text = about[name];
  return text === undefined ? '' : `${text}\n\n`;
}

function methodOf({ scale, clients, idleSessions }: Options): string {
  return `## Method

- All ways lead to one PostgreSQL on the same machine: the one that comes by npm, with \`fsync\` off, so that its disk does not hide what
  stands before it, and \`max_connections\` raised. pgbench's tables have scale ${scale}. Clients, target and what is between share the cores.
- Direct: past everything. pgbouncer: Debian's, session mode, no authentication. Chaperone: \`chaperone serve\` as it is run in earnest,
  its token checked by a real issuer, a policy that permits, and every byte in both directions on record (\`contentLimit\` is over every
  amount that is moved, so nothing is only counted); \`write\` is in the kernel before it crosses, \`fsync\` on disk.
- A plain pipe: a process of Node's that hands the bytes of two sockets to each other and does nothing else. What a gateway that is
  written for Node adds begins there.
- Nothing speaks TLS but in "New sessions".
- Within a round every load is run over all ways one after the other before the next load, and the order turns by one each round: what
  else the machine does weighs on all alike. Rounds of pgbench: ${clients.join(', ')} clients; simple, prepared, pipeline. All ways are warmed up before.
- After each run over Chaperone the next one waits until the archive shows everything, so that no run pays for the one before. During a
  run archiving goes on as it always does.
- Latencies come from pgbench's log of every transaction. Processor time comes from \`/proc/PID/stat\`, memory from the kernel's own
  high-water mark (\`VmHWM\`), reset before each run.
- Idle sessions: ${idleSessions}, fewer where the machine allows fewer open files; the first are opened before the measurement begins.
- The gateway and pgbouncer start afresh for each stage; the state is new and in the folder for temporary files.

Run it with \`npm run bench\`; \`--quick\` tries everything small in less than a minute, names of stages choose some of them, and \`--save\`
writes the results, this page and its picture. It needs Linux, and for the comparison pgbouncer, which it installs where it may.
`;
}
