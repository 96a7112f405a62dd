import type { AuditorKey } from '../archive/auditor-key.ts';
import type { SessionItem } from '../archive/items.ts';
import { type Output, type Streams, styled } from './output.ts';
import { gapText, markLines, maskedLines, PlayedExchange, withheldText } from './played-exchange.ts';
import { terminalEvent } from './played-terminal.ts';
import { existingSession, type RecordSource } from './record-source.ts';
import { type PlayedLine, type PlayedPart, readLine } from './recording-line.ts';
import { duration, type Limits } from './result.ts';
import { sessionHead } from './sessions.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

export interface ReplayOptions {
  /** How much faster than it was; null waits for nothing. */
  readonly speed: number | null;
  /** Only this exchange. */
  readonly exchange: number | null;
  readonly limits: Limits;
  readonly json: boolean;
  /** Shows the originals that were sealed to it; null shows what crossed. */
  readonly auditor: AuditorKey | null;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Longer silences are folded to this long, and said. */
const longestSilenceMs = 2000;

/** Plays a session as it was: each exchange in its time, in the order of asking. */
export async function replaySession(source: RecordSource, id: string, options: ReplayOptions, { out }: Streams): Promise<void> {
  const session = await existingSession(source, id);
  if (options.json) {
    for await (const line of source.recording(id, options.auditor)) if (isWanted(line, options)) await out.write(`${jsonLine(line)}\n`);
    return;
  }
  await out.write(`${sessionHead(session, out).join('\n')}\n\n`);
  const player = new Player(session, options, out);
  for await (const value of source.recording(id, options.auditor)) if (isWanted(value, options)) await player.play(value);
  await player.finish();
}

function isWanted(line: object, { exchange }: ReplayOptions): boolean {
  return exchange === null || ('exchange' in line && line.exchange === exchange);
}

class Player {
  readonly #session: SessionItem;
  readonly #options: ReplayOptions;
  readonly #out: Output;
  /** Exchanges not wholly written yet, in the order of asking; only the first one writes. */
  readonly #open: PlayedExchange[] = [];
  /** Marks of the session's own channel, not written yet. */
  #marks: { readonly name: string; readonly text: string }[] = [];
  #last: number | null = null;
  #played = 0;

  constructor(session: SessionItem, options: ReplayOptions, out: Output) {
    this.#session = session;
    this.#options = options;
    this.#out = out;
  }

  async play(value: object): Promise<void> {
    const line = readLine(value);
    if (line === null) {
      await this.#write([
        styled(this.#out, 'yellow', `(a line that this version does not understand: ${shorten(visibleLine(JSON.stringify(value)), 200)})`),
      ]);
      return;
    }
    await this.#pass(line.at);
    if (line.kind === 'exchange') this.#begin(line);
    else if (line.kind === 'end') await this.#end(line.end);
    else if (line.exchange === 0) this.#channel(line);
    else this.#open.find(({ ordinal }) => ordinal === line.exchange)?.see(line);
    await this.#advance(line.kind === 'outcome' || (line.kind === 'bytes' && line.direction === 'reply'));
  }

  async finish(): Promise<void> {
    await this.#writeMarks();
    for (const exchange of this.#open.splice(0)) await this.#write([...exchange.takeUnfinished(), '']);
    if (this.#played > 0) return;
    const wanted = this.#options.exchange;
    await this.#write([
      wanted === null ? 'No exchange was made.' : `There is no exchange ${wanted}; the session has ${this.#session.exchanges}.`,
    ]);
  }

  #begin(line: Extract<PlayedLine, { kind: 'exchange' }>): void {
    this.#played += 1;
    this.#open.push(new PlayedExchange(line, this.#session.connection, this.#options.limits, this.#out));
  }

  /** Lets the time between two lines go by. What is ready is written before, so that a slow answer is seen to be awaited. */
  async #pass(at: number): Promise<void> {
    const silence = this.#last === null ? 0 : Math.max(0, at - this.#last);
    this.#last = at;
    if (silence < 50) return;
    await this.#advance(true);
    if (silence > longestSilenceMs) await this.#write([styled(this.#out, 'dim', `⋯ ${duration(silence)}`)]);
    if (this.#options.speed !== null) await this.#options.wait(Math.min(silence, longestSilenceMs) / this.#options.speed);
  }

  async #advance(answered: boolean): Promise<void> {
    for (;;) {
      const first = this.#open[0];
      if (first === undefined || (!answered && !first.done)) return;
      await this.#writeMarks();
      await this.#write(first.take());
      if (!first.done) return;
      this.#open.shift();
      await this.#write(['']);
    }
  }

  #channel(line: PlayedLine): void {
    if (line.kind === 'withheld') this.#marks.push({ name: line.kind, text: withheldText(line.direction, line.count, line.sha256) });
    else if (line.kind === 'masked') this.#marks.push(...maskedLines(line.masked).map((text) => ({ name: line.kind, text })));
    else if (line.kind === 'gap') this.#marks.push({ name: line.kind, text: gapText(line.direction, line.count, line.reason) });
    else if (line.kind === 'bytes')
      for (const part of line.parts)
        if (part.shape === 'mark') this.#marks.push(...markLines(part, null).map((text) => ({ name: part.name, text })));
        else this.#marks.push({ name: part.shape, text: channelText(part, line.direction) });
  }

  async #writeMarks(): Promise<void> {
    const marks = this.#marks.splice(0);
    const lines: string[] = [];
    for (let from = 0; from < marks.length; ) {
      const name = marks[from]?.name;
      let to = from;
      while (marks[to]?.name === name && to < marks.length) to += 1;
      const same = marks.slice(from, to);
      // A target announces its settings one by one at the start of a session.
      const texts =
        same.length > 3
          ? [`${name} ×${same.length}: ${same.map(({ text }) => text.slice(text.indexOf('·') + 2)).join('; ')}`]
          : same.map(({ text }) => text);
      lines.push(...texts.map((text) => styled(this.#out, 'dim', `  ${shorten(text, this.#options.limits.cell * 4)}`)));
      from = to;
    }
    await this.#write(lines);
  }

  async #end(end: { readonly status: string; readonly reason: string }): Promise<void> {
    await this.#writeMarks();
    for (const exchange of this.#open.splice(0)) await this.#write([...exchange.takeUnfinished(), '']);
    await this.#write([styled(this.#out, 'bold', visibleLine(`${end.status}: ${end.reason}`))]);
  }

  async #write(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#out.write(`${lines.join('\n')}\n`);
  }
}

/** What no exchange asked for, on one line: the gateway asks its targets too. */
function channelText(part: Exclude<PlayedPart, { shape: 'mark' }>, direction: string): string {
  if (part.shape === 'bytes') return counted(part.count, 'byte');
  if (part.shape === 'text') return `${direction === 'request' ? 'asked' : 'text'} · ${visibleLine(part.text)}`;
  if (part.shape === 'rows') return `rows · ${counted(part.rows.length, 'row')} of ${visibleLine(part.columns.join(', '))}`;
  if (part.shape === 'terminal') return `terminal · ${terminalEvent(part)}`;
  return visibleLine(JSON.stringify(part.value));
}
