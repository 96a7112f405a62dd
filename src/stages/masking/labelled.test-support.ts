import { readFileSync } from 'node:fs';

export interface Labelled {
  readonly text: string;
  readonly values: readonly { readonly name: string; readonly start: number; readonly end: number }[];
}

/** The labelled set beside this file: texts, and what should be found in them. */
export function labelledSet(): readonly Labelled[] {
  const file = readFileSync(new URL('./fixtures/labelled.txt', import.meta.url), 'utf8');
  const lines = file.split('\n').filter((line) => line !== '' && !line.startsWith('# '));
  return lines.map((line) => read(line.replaceAll('~~', '').replaceAll('\\n', '\n').replaceAll('\\t', '\t')));
}

function read(line: string): Labelled {
  const values: { name: string; start: number; end: number }[] = [];
  let text = '';
  for (const piece of line.split(/(⟦[^⟧]*⟧)/)) {
    const colon = piece.indexOf(':');
    if (!piece.startsWith('⟦')) text += piece;
    else {
      const value = piece.slice(colon + 1, -1);
      values.push({ name: piece.slice(1, colon), start: text.length, end: text.length + value.length });
      text += value;
    }
  }
  return { text, values };
}
