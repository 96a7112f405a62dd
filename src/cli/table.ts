import type { Cell } from '../core/part.ts';
import { shorten, visibleLine, widthOf } from './visible.ts';

/** SQL NULL; the text NULL stands as itself, and a text that is this very mark stands in quotes. */
const nullMark = '∅';

export interface TableStyle {
  /** Cells of one column at most; what is longer is cut and says so. */
  readonly cell: number;
  /** Puts bars between columns and a rule below the head, as for a result; otherwise two spaces, as for a list. */
  readonly ruled: boolean;
}

/** Columns and rows as aligned lines; every text in them is made visible first. Numbers stand to the right. */
export function tableLines(columns: readonly string[], rows: readonly (readonly Cell[])[], style: TableStyle): string[] {
  const head = columns.map((name) => shorten(visibleLine(name), style.cell));
  const body = rows.map((row) => row.map((cell) => shownCell(cell, style)));
  const count = Math.max(head.length, ...body.map((row) => row.length), 0);
  const places = Array.from({ length: count }, (_, place) => ({
    width: body.reduce((most, row) => Math.max(most, widthOf(row[place] ?? '')), widthOf(head[place] ?? '')),
    right: rows.length > 0 && rows.every((row) => isNumber(row[place])) && rows.some((row) => typeof row[place] === 'string'),
  }));
  const line = (cells: readonly string[]) =>
    places
      .map(({ width, right }, place) => pad(cells[place] ?? '', width, right))
      .join(style.ruled ? ' │ ' : '  ')
      .trimEnd();
  const rule = places.map(({ width }) => '─'.repeat(width)).join('─┼─');
  return [line(head), ...(style.ruled ? [rule] : []), ...body.map(line)];
}

function shownCell(cell: Cell, style: TableStyle): string {
  if (cell === null) return nullMark;
  return cell === nullMark ? `"${nullMark}"` : shorten(visibleLine(cell), style.cell);
}

function isNumber(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell);
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

/** Bind values as one line: `$1 = '7', $2 = ∅`. */
export function boundValues(values: readonly Cell[], limit: number): string {
  return values
    .map((value, index) => `$${index + 1} = ${value === null ? nullMark : `'${shorten(visibleLine(value), limit)}'`}`)
    .join(', ');
}
