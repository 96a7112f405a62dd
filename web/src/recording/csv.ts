import type { Cell } from './lines.ts';
import type { RowSet } from './row-set.ts';

/** What a spreadsheet would take for a formula (CWE-1236); an apostrophe in front makes it the text that it is. */
const formula = /^[=+\-@\t\r]/;
/** A number is no formula, whatever its sign. */
const number = /^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/;

/** RFC 4180. NULL is nothing, and the empty text is a pair of quotation marks. */
export function csvOf(rows: RowSet, count: number): string {
  const lines = [rows.columns.map(fieldOf).join(',')];
  for (let index = 0; index < count; index += 1) lines.push((rows.row(index) ?? []).map(fieldOf).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function fieldOf(cell: Cell): string {
  if (cell === null) return '';
  const text = formula.test(cell) && !number.test(cell) ? `'${cell}` : cell;
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
