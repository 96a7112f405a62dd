import type { Cell } from '../core/part.ts';
import { type Output, styled } from './output.ts';
import type { PlayedDecision, PlayedLine, PlayedMasked, PlayedOutcome, PlayedPart } from './recording-line.ts';
import { closingLine, type Limits, promptLines, type ResultTable, resultLines } from './result.ts';
import { PlayedTerminal } from './played-terminal.ts';
import { boundValues } from './table.ts';
import { counted, shorten, visibleLine, visibleLines } from './visible.ts';

/** Rows that are kept before a table is written out, where all rows are wanted. */
const rowsAtOnce = 500;

interface OpenTable {
  readonly columns: readonly string[];
  readonly rows: (readonly Cell[])[];
  more: number;
}

/** What the player has seen of one exchange and not written yet. Holds no more rows than are shown. */
export class PlayedExchange {
  readonly ordinal: number;
  readonly startedAt: number;
  readonly #text: string;
  readonly #prompt: string;
  readonly #limits: Limits;
  readonly #out: Output;
  #asked = false;
  #values: string[] = [];
  #decision: PlayedDecision | null = null;
  /** Whether what is shown is what the target said, and not what its client got. */
  #original = false;
  #outcome: { readonly outcome: PlayedOutcome; readonly at: number } | null = null;
  #table: OpenTable | null = null;
  #rowsShown = 0;
  #terminal: PlayedTerminal | null = null;
  /** The beginning of a line whose rest comes with the next piece of its text. */
  #begun: { readonly asked: boolean; readonly text: string } | null = null;
  #lines: (() => string[])[] = [];
  /** Lines of anything but rows that may still be shown, and how many were not. */
  #room: number;
  #omitted = 0;

  constructor(line: Extract<PlayedLine, { kind: 'exchange' }>, connection: string, limits: Limits, out: Output) {
    this.ordinal = line.exchange;
    this.startedAt = line.at;
    this.#text = line.action.text === '' ? `(${line.action.name})` : line.action.text;
    this.#prompt = `[${line.exchange}] ${new Date(line.at).toISOString().slice(11, 23)} ${visibleLine(connection)}> `;
    this.#limits = limits;
    this.#room = limits.lines;
    this.#out = out;
  }

  readonly #withheld = new Map<string, { readonly count: number; readonly sha256: string }>();

  get done(): boolean {
    return this.#outcome !== null;
  }

  see(line: PlayedLine): void {
    if (line.kind !== 'bytes') this.#endLine();
    if (line.kind === 'decision') this.#decision = line.decision;
    else if (line.kind === 'outcome') this.#end(line);
    else if (line.kind === 'bytes') this.#bytes(line);
    else if (line.kind === 'withheld') this.#withhold(line);
    else if (line.kind === 'masked') this.#note(() => maskedLines(line.masked, this.#original));
    else if (line.kind === 'gap') this.#note(() => [gapText(line.direction, line.count, line.reason)]);
  }

  #bytes({ parts, direction, original }: PlayedLine & { kind: 'bytes' }): void {
    this.#original ||= original;
    for (const part of parts) this.#part(part, direction === 'request');
  }

  #end({ outcome, at }: PlayedLine & { kind: 'outcome' }): void {
    this.#content(this.#terminal?.rest() ?? []);
    this.#outcome = { outcome, at };
  }

  /** Each such line counts from the first withheld byte on, so the last one of a direction says all. */
  #withhold(line: PlayedLine & { kind: 'withheld' }): void {
    const { direction } = line;
    if (!this.#withheld.has(direction)) this.#note(() => this.#withheldLines(direction));
    this.#withheld.set(direction, line);
  }
  #withheldLines(direction: string): string[] {
    const last = this.#withheld.get(direction);
    return last ? [withheldText(direction, last.count, last.sha256)] : [];
  }

  /** What can be written now, and is then forgotten: the statement first, then what came back. */
  take(): string[] {
    const head = this.#asked ? [] : this.#statement();
    // What a terminal shows is shown as it came.
    const full = this.#outcome !== null || this.#terminal !== null || (this.#table?.rows.length ?? 0) >= rowsAtOnce;
    // Marks wait for the outcome, which may say the same.
    const rest = full ? [...this.#lines.splice(0).flatMap((each) => each()), ...this.#closeTable()] : [];
    const lines = [...head, ...this.#values.splice(0), ...rest];
    return this.#outcome === null ? lines : [...lines, ...this.#closing()];
  }

  /** Where the session ended before the exchange did. */
  takeUnfinished(): string[] {
    this.#endLine();
    this.#content(this.#terminal?.rest() ?? []);
    const rest = this.#lines.splice(0).flatMap((each) => each());
    return [...this.take(), ...rest, ...this.#closeTable(), styled(this.#out, 'yellow', '… not finished')];
  }

  #statement(): string[] {
    this.#asked = true;
    const [first = '', ...rest] = promptLines(this.#prompt, this.#text, this.#limits);
    return [styled(this.#out, 'bold', first), ...rest.map((line) => styled(this.#out, 'bold', line))];
  }

  #part(part: PlayedPart, asked: boolean): void {
    if (part.shape !== 'text' || this.#begun?.asked !== asked) this.#endLine();
    if (part.shape === 'rows') this.#rows(part.columns, part.rows);
    else if (part.shape === 'mark' && part.name === 'parameters') this.#bound(part.detail['values']);
    else if (part.shape === 'mark') this.#note(() => [...markLines(part, this.#outcome?.outcome ?? null)]);
    // What was asked already stands at the prompt.
    else if (part.shape === 'text' && asked && part.text.includes(this.#text)) return;
    else if (part.shape === 'text') this.#said(part.text, asked);
    else if (part.shape === 'terminal') this.#content((this.#terminal ??= new PlayedTerminal()).take(part));
    else this.#content(partLines(part));
  }

  /** A text comes in pieces that end anywhere. */
  #said(piece: string, asked: boolean): void {
    const text = (this.#begun?.text ?? '') + piece;
    const end = text.lastIndexOf('\n') + 1;
    this.#begun = end === text.length ? null : { asked, text: text.slice(end) };
    if (end > 0) this.#content(visibleLines(text.slice(0, end - 1)));
    if (text.length - end > longestLine) this.#endLine();
  }

  #endLine(): void {
    const begun = this.#begun;
    this.#begun = null;
    if (begun !== null) this.#content(visibleLines(begun.text));
  }

  #content(all: readonly string[]): void {
    const shown = all.slice(0, this.#room);
    this.#room -= shown.length;
    this.#omitted += all.length - shown.length;
    if (shown.length > 0) this.#note(() => shown);
  }

  #bound(values: unknown): void {
    if (!Array.isArray(values) || values.length === 0) return;
    const cells = values.map((value: unknown) => (value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)));
    this.#values.push(styled(this.#out, 'dim', `    ${boundValues(cells, this.#limits.cell)}`));
  }

  #rows(columns: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const table = this.#table;
    if (table === null || !sameColumns(table.columns, columns)) {
      this.#finishTable();
      this.#rowsShown = 0;
      this.#table = { columns, rows: [], more: 0 };
    }
    for (const row of rows) this.#row(row);
  }

  #row(row: readonly Cell[]): void {
    const table = this.#table;
    if (table === null) return;
    if (this.#rowsShown < this.#limits.rows) {
      table.rows.push(row);
      this.#rowsShown += 1;
    } else table.more += 1;
  }

  #closeTable(): string[] {
    const table: ResultTable | null = this.#table;
    this.#table = null;
    return table === null ? [] : resultLines(table, this.#limits, this.#out);
  }

  #finishTable(): void {
    const lines = this.#closeTable();
    if (lines.length > 0) this.#lines.push(() => lines);
  }

  #note(lines: () => readonly string[]): void {
    this.#finishTable();
    this.#lines.push(() => lines().map((line) => styled(this.#out, 'dim', `  ${shorten(line, this.#limits.cell * 4)}`)));
  }

  #closing(): string[] {
    const { outcome, at } = this.#outcome ?? {};
    if (outcome === undefined || at === undefined) return [];
    const more = this.#omitted === 0 ? [] : [styled(this.#out, 'yellow', `… ${this.#omitted} more lines (--full)`)];
    const closing = [...more, closingLine({ ...outcome, durationMs: at - this.startedAt }, this.#out)];
    const decision = this.#decision;
    if (decision === null || decision.verdict === 'permitted') return closing;
    const policies = decision.grounds.policies.length === 0 ? '' : ` (${decision.grounds.policies.join(', ')})`;
    const { verdict, code, reason, approval } = decision;
    const why = verdict === 'approved' ? `by approval ${approval ?? ''}` : `${code ?? ''}: ${reason ?? ''}`;
    const said = `${verdict.toUpperCase()} ${why}${policies}`;
    return [styled(this.#out, 'yellow', visibleLine(said)), ...closing];
  }
}

/** No more of a line is waited for; so much of one is never shown. */
const longestLine = 64 * 1024;

function sameColumns(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, place) => name === other[place]);
}

/** A document, or bytes, as lines. */
function partLines(part: Exclude<PlayedPart, { shape: 'rows' | 'mark' | 'text' | 'terminal' }>): string[] {
  if (part.shape === 'document') return visibleLines(JSON.stringify(part.value, null, 2));
  return [`(${counted(part.count, 'byte')})`];
}

type Mark = Extract<PlayedPart, { shape: 'mark' }>;

/** A mark in one line, without what its exchange's outcome says anyway; nothing where that is all of it. */
export function markLines({ name, detail }: Mark, outcome: PlayedOutcome | null): readonly string[] {
  const known = new Set<unknown>([outcome?.tag, outcome?.error?.code, outcome?.error?.message]);
  const names = 'message' in detail ? tellingNames.filter((each) => each in detail) : Object.keys(detail);
  const told = names.filter((each) => !known.has(detail[each]));
  if (told.length === 0 && names.length > 0) return [];
  const facts = told.map((each) => `${each} ${typeof detail[each] === 'string' ? detail[each] : JSON.stringify(detail[each])}`);
  return [visibleLine([name, ...facts].join(' · '))];
}

/** Of a message from a target: the rest says where in the target's own source it came from. */
const tellingNames = ['code', 'message', 'detail', 'hint'];

/** What was masked, a line each: the column, by which rule, how often. */
/** `original`: what was masked is shown as the target said it. */
export function maskedLines(masked: PlayedMasked, original = false): readonly string[] {
  return masked.map(({ rule, column, detector, count }) => {
    const what = [column, detector].filter((name) => name !== null).join(' · ') || 'text';
    return visibleLine(`masked ${what} ×${count} (${rule})${original ? ', here as the target said it' : ''}`);
  });
}

export function withheldText(direction: string, count: number, sha256: string): string {
  return `${count} bytes of the ${direction} were over the limit: counted and hashed, not kept (sha256 ${visibleLine(sha256)})`;
}

export function gapText(direction: string, count: number, reason: string): string {
  return `GAP: ${count} bytes of the ${direction} crossed without a record: ${visibleLine(reason)}`;
}
