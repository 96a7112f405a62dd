import type { Cell } from '../core/part.ts';
import { type Output, styled } from './output.ts';
import { tableLines } from './table.ts';
import { counted, shorten, visibleLine, visibleLines } from './visible.ts';

/** How much of what came back is shown; what is not is always counted. */
export interface Limits {
  readonly rows: number;
  /** Cells of the terminal that one value may take. */
  readonly cell: number;
  /** Lines of one text. */
  readonly lines: number;
}

export const defaultLimits: Limits = { rows: 50, cell: 60, lines: 40 };
export const noLimits: Limits = { rows: Infinity, cell: Infinity, lines: Infinity };

/** One result table: the rows that are shown, and how many are not. */
export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly more: number;
}

export function resultLines({ columns, rows, more }: ResultTable, limits: Limits, out: Output): string[] {
  if (columns.length === 0) return [];
  const lines = tableLines(columns, rows, { cell: limits.cell, ruled: true });
  return more === 0 ? lines : [...lines, styled(out, 'yellow', `… ${more} more ${more === 1 ? 'row' : 'rows'} (--rows all)`)];
}

/** A text of several lines, the first with a prompt before it and the others below it. */
export function promptLines(prompt: string, text: string, limits: Limits): string[] {
  const lines = textLines(text, limits, 2000);
  const indent = ' '.repeat(prompt.length);
  return lines.map((line, index) => (index === 0 ? prompt : indent) + line);
}

/** A text's lines, made visible, and how many are left out. */
function textLines(text: string, limits: Limits, longest = 300): string[] {
  const all = visibleLines(text);
  const width = limits.cell === Infinity ? Infinity : longest;
  const shown = all.slice(0, limits.lines).map((line) => shorten(line, width));
  return all.length > shown.length ? [...shown, `… ${all.length - shown.length} more lines (--full)`] : shown;
}

export interface Closing {
  readonly tag: string | null;
  readonly status: string;
  readonly rows: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly durationMs: number | null;
}

/** How an exchange ended: `SELECT 3 · 3 rows · 1.4 ms`. */
export function closingLine({ tag, status, rows, error, durationMs }: Closing, out: Output): string {
  const word = error === null ? styled(out, 'green', visibleLine(tag ?? status)) : errorText(error, out);
  const facts = [rows === null ? null : counted(rows, 'row'), durationMs === null ? null : duration(durationMs)];
  return [word, ...facts.filter((fact) => fact !== null)].join(' · ');
}

function errorText({ code, message }: { readonly code: string; readonly message: string }, out: Output): string {
  return styled(out, 'red', `ERROR ${visibleLine(code)}: ${visibleLine(message)}`);
}

/** `0.4 ms`, `1.20 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
