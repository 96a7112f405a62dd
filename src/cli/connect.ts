import type { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Client, DatabaseError, type QueryArrayResult } from 'pg';
import { messageOf } from '../core/errors.ts';
import { CommandFailure, report } from './failure.ts';
import { type Output, type Streams, styled } from './output.ts';
import { closingLine, type Limits, resultLines } from './result.ts';
import { isStatementEnd } from './statement-end.ts';
import { jsonLine, visibleLine, visibleLines } from './visible.ts';

export interface ConnectOptions {
  readonly connection: string;
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Ties the session to an agent's task. */
  readonly run: string | null;
  /** Null: without TLS. `ca` is a certificate authority in PEM; null takes the system's. */
  readonly tls: { readonly ca: string | null } | null;
  readonly limits: Limits;
  readonly json: boolean;
}

/** What is to be run: one text, or what is typed at a prompt or piped in. */
export type Work =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'input'; readonly input: Readable; readonly typed: boolean };

/** pg drops what COPY TO STDOUT sends unless one listens below its types. */
interface ClientInside {
  readonly connection: EventEmitter<{ copyData: [{ chunk: Buffer }] }>;
}

type Result = QueryArrayResult<(string | null)[]>;

/** Works on a database through the gateway, as psql would: for machines that have none. */
export async function connectTo(options: ConnectOptions, work: Work, streams: Streams): Promise<number> {
  const client = createClient(options);
  const lost: Error[] = [];
  client.on('error', (fault) => lost.push(fault));
  client.on('notice', (notice) => void note(notice.severity, notice.message, notice.hint, streams));
  try {
    await client.connect();
  } catch (fault) {
    throw notConnected(fault, options);
  }
  try {
    if (work.kind === 'text') return await runText(client, work.text, options, streams);
    if (work.typed) return await prompt(client, work.input, options, streams, lost);
    return await runText(client, await textOf(work.input), options, streams);
  } finally {
    await client.end();
  }
}

function createClient({ connection, host, port, token, run, tls }: ConnectOptions): Client {
  return new Client({
    host,
    port,
    database: connection,
    user: 'chaperone',
    password: token,
    application_name: run === null ? 'chaperone-connect' : `chaperone-connect;run=${run}`,
    ssl: tls === null ? false : { ca: tls.ca ?? undefined, servername: host },
    connectionTimeoutMillis: 20_000,
    // Values are shown as the server wrote them; a parsed number or time could be shown as another.
    types: { getTypeParser: () => (text: string | Buffer) => String(text) },
  });
}

async function runText(client: Client, text: string, options: ConnectOptions, streams: Streams): Promise<number> {
  try {
    await run(client, text, options, streams);
    return 0;
  } catch (fault) {
    throw failureOf(fault);
  }
}

async function run(client: Client, text: string, { limits, json }: ConnectOptions, { out }: Streams): Promise<void> {
  const startedAt = performance.now();
  const copied: Buffer[] = [];
  const keep = ({ chunk }: { chunk: Buffer }) => copied.push(chunk);
  const { connection } = client as unknown as ClientInside;
  connection.on('copyData', keep);
  let answer: Result | Result[];
  try {
    // With several statements the answer is a list, which the types of pg do not say.
    answer = (await client.query<(string | null)[]>({ text, rowMode: 'array' })) as Result | Result[];
  } finally {
    connection.off('copyData', keep);
  }
  const durationMs = performance.now() - startedAt;
  const results = Array.isArray(answer) ? answer : [answer];
  if (copied.length > 0) await writeCopied(Buffer.concat(copied).toString('utf8'), json, out);
  for (const { fields, rows, command, rowCount } of results) {
    const columns = fields.map(({ name }) => name);
    if (json) {
      await out.write(`${jsonLine({ columns, rows, command, rowCount })}\n`);
      continue;
    }
    const closing = { tag: command, status: 'ok', rows: rowCount, error: null, durationMs: results.length === 1 ? durationMs : null };
    await out.write(
      `${[...resultLines({ columns, rows: rows.slice(0, limits.rows), more: Math.max(0, rows.length - limits.rows) }, limits, out), closingLine(closing, out)].join('\n')}\n`,
    );
  }
}

async function writeCopied(text: string, json: boolean, out: Output): Promise<void> {
  if (json) await out.write(`${jsonLine({ copied: text })}\n`);
  // A file or a pipe gets the data as it is; a terminal gets what it cannot obey.
  else await out.write(out.interactive ? visibleLines(text).join('\n') : text);
}

/** Reads statements, each up to its semicolon, until `\q` or the end of the input. */
async function prompt(client: Client, input: Readable, options: ConnectOptions, streams: Streams, lost: readonly Error[]): Promise<number> {
  const lines = createInterface({ input, output: process.stdout, terminal: true });
  const ask = (typed: string) => lines.setPrompt(`${visibleLine(options.connection)}${typed.trim() === '' ? '=>' : '->'} `);
  let typed = '';
  let open = true;
  lines.once('close', () => {
    open = false;
  });
  // Asking a closed prompt throws; at the end of the input it closes while lines are still waiting to be run.
  const again = () => {
    ask(typed);
    if (open) lines.prompt();
  };
  lines.on('SIGINT', () => {
    if (typed === '' && lines.line === '') lines.close();
    typed = '';
    process.stdout.write('\n');
    again();
  });
  await streams.out.write('Statements end with a semicolon; \\q ends the session. All of it is on record.\n');
  again();
  for await (const line of lines) {
    if (typed === '' && /^\s*(\\q|exit|quit)\s*;?\s*$/i.test(line)) break;
    typed = typed === '' ? line : `${typed}\n${line}`;
    if (isStatementEnd(typed)) {
      const statement = typed;
      typed = '';
      await run(client, statement, options, streams).catch((fault: unknown) => report(failureOf(fault), streams.err, options.json));
      if (lost.length > 0) return 1;
    }
    again();
  }
  lines.close();
  return 0;
}

async function textOf(input: Readable): Promise<string> {
  let text = '';
  input.setEncoding('utf8');
  // A readable with an encoding gives text.
  for await (const chunk of input) text += chunk as string;
  return text;
}

async function note(severity: string | undefined, message: string | undefined, hint: string | undefined, { err }: Streams): Promise<void> {
  const text = `${visibleLine(severity ?? 'NOTICE')}: ${visibleLine(message ?? '')}${hint === undefined ? '' : `\n  ${visibleLine(hint)}`}`;
  await err.write(`${styled(err, 'yellow', text)}\n`);
}

function notConnected(fault: unknown, { host, port }: ConnectOptions): CommandFailure {
  if (fault instanceof DatabaseError) return failureOf(fault);
  return new CommandFailure(
    'TARGET_UNREACHABLE',
    `The gateway’s database listener at ${host}:${port} could not be reached: ${messageOf(fault)}.`,
    'Check --host and --port; with a listener that has a certificate, add --tls.',
  );
}

function failureOf(fault: unknown): CommandFailure {
  if (!(fault instanceof DatabaseError)) return new CommandFailure('TARGET_FAULT', `The session broke off: ${messageOf(fault)}.`, '');
  const { code, message, detail, hint } = fault;
  return new CommandFailure(code ?? 'TARGET_FAULT', [`${code ?? 'error'}: ${message}`, detail].filter(Boolean).join(' '), hint ?? '');
}
