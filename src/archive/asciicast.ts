import type { RecordingLine } from './decoded.ts';

/*
 * A session's terminals as an asciicast (version 2, https://docs.asciinema.org/manual/asciicast/v2/): what was written, what was typed,
 * how large the terminal was, and when, with marks where content was not kept. One after the other where there are several, each behind
 * a mark of its own, because an asciicast has one screen. Made of parts of the shape `terminal`; what has none is not in it.
 */

/** The lines that are wanted, or those of one exchange alone. */
type Read = (exchange?: number) => AsyncIterable<RecordingLine>;

interface Terminal {
  readonly exchange: number;
  readonly text: string;
  /** Milliseconds since the epoch: when it opened, and when it last said something. */
  readonly from: number;
  until: number;
  size: Size | null;
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What terminals have been since there are any, for those that do not say. */
const usual: Size = { columns: 80, rows: 24 };
/** ECMA-48 has the terminal begin anew (RIS). */
const reset = '\u001bc';

/** The asciicast in pieces, a line each; the record is read once to find the terminals, and once more for each. */
export async function* asciicastText(read: Read): AsyncGenerator<string> {
  const terminals = await terminalsIn(read());
  const [first] = terminals;
  const { columns, rows } = first?.size ?? usual;
  const timestamp = first === undefined ? {} : { timestamp: Math.floor(first.from / 1000), title: first.text };
  yield jsonLine({ version: 2, width: columns, height: rows, ...timestamp });
  let played = 0;
  let end = first?.from ?? 0;
  for (const terminal of terminals) {
    // Those that were open side by side follow one another.
    played += Math.max(0, terminal.from - end);
    if (terminals.length > 1) yield* opening(terminal, played);
    yield* eventsOf(read(terminal.exchange), terminal, played);
    played += terminal.until - terminal.from;
    end = Math.max(end, terminal.until);
  }
}

async function terminalsIn(lines: AsyncIterable<RecordingLine>): Promise<Terminal[]> {
  const opened = new Map<number, Pick<Terminal, 'text' | 'from'>>();
  const found = new Map<number, Terminal>();
  for await (const line of lines) {
    const at = Date.parse(line.at);
    if (line.kind === 'exchange') opened.set(line.exchange, { text: line.action.text, from: at });
    const known = found.get(line.exchange);
    if (known !== undefined) known.until = Math.max(known.until, at);
    if (line.kind === 'outcome') opened.delete(line.exchange);
    if (line.kind !== 'bytes') continue;
    for (const part of line.parts) {
      if (part.shape !== 'terminal') continue;
      const terminal = found.get(line.exchange) ?? begun(line.exchange, opened.get(line.exchange), at);
      if (part.event === 'resize') terminal.size ??= { columns: part.columns, rows: part.rows };
      found.set(line.exchange, terminal);
    }
  }
  return [...found.values()];
}

function begun(exchange: number, opened: Pick<Terminal, 'text' | 'from'> | undefined, at: number): Terminal {
  return { exchange, text: opened?.text ?? '', from: opened?.from ?? at, until: at, size: null };
}

function* opening({ exchange, text, size }: Terminal, at: number): Generator<string> {
  const { columns, rows } = size ?? usual;
  yield event(at, 'm', `${exchange}: ${text}`);
  yield event(at, 'o', reset);
  yield event(at, 'r', `${columns}x${rows}`);
}

async function* eventsOf(lines: AsyncIterable<RecordingLine>, { exchange, from }: Terminal, played: number): AsyncGenerator<string> {
  let last = played;
  for await (const line of lines) {
    if (line.exchange !== exchange) continue;
    // The clock may have been set back meanwhile.
    last = Math.max(last, played + Date.parse(line.at) - from);
    if (line.kind === 'withheld')
      yield event(last, 'm', `${line.count} bytes of the ${line.direction} were not kept (SHA-256 ${line.sha256})`);
    else if (line.kind === 'gap') yield event(last, 'm', `${line.count} bytes of the ${line.direction} crossed without a record`);
    else if (line.kind === 'bytes')
      for (const part of line.parts) {
        if (part.shape !== 'terminal') continue;
        if (part.event === 'resize') yield event(last, 'r', `${part.columns}x${part.rows}`);
        else yield event(last, part.event === 'output' ? 'o' : 'i', part.text);
      }
  }
}

function event(milliseconds: number, code: 'o' | 'i' | 'r' | 'm', data: string): string {
  return jsonLine([milliseconds / 1000, code, data]);
}

function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
