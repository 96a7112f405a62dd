import type { Table } from './tables.ts';

/** A table for people at a terminal: columns of one width, numbers to the right. */
export function terminalText({ name, head, rows }: Table): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll(/[`*]/g, '')));
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `\n${name}\n${text.join('\n')}`;
}

function padded(cell: string, width: number): string {
  return /^[\d–]/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
}
