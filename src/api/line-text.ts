import type { Part } from '../core/part.ts';

type Rows = Part & { readonly shape: 'rows' };

/** So many cells are parsed in a millisecond or two, where 600,000 hold a page up for 30 to 60. */
const cellsTogether = 16_384;

/**
 * A line as JSON. Where an answer has many cells, a tab stands before its rows, now and then between them, and behind them. JSON takes it
 * for a space, and no text within JSON has one (RFC 8259 section 7), so that a reader may take the line apart there and read on in turns.
 */
export function lineText(line: object): string {
  const parts = partsOf(line);
  if (parts === null || !parts.some(isLong)) return JSON.stringify(line);
  return `${open({ ...line, parts: undefined })},"parts":[${parts.map(partText).join(',')}]}`;
}

function partsOf(line: object): readonly Part[] | null {
  return 'parts' in line && Array.isArray(line.parts) ? line.parts : null;
}

function isLong(part: Part): part is Rows {
  return part.shape === 'rows' && part.rows.length * part.columns.length > cellsTogether;
}

function partText(part: Part): string {
  if (!isLong(part)) return JSON.stringify(part);
  const together = Math.max(1, Math.floor(cellsTogether / part.columns.length));
  const pieces: string[] = [];
  for (let from = 0; from < part.rows.length; from += together)
    pieces.push(
      part.rows
        .slice(from, from + together)
        .map((row) => JSON.stringify(row))
        .join(','),
    );
  return `${open({ ...part, rows: undefined })},"rows":[\t${pieces.join(',\t')}\t]}`;
}

/** The object without its closing brace. */
function open(fields: object): string {
  return JSON.stringify(fields).slice(0, -1);
}
