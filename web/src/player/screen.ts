import type { IBufferCell, Terminal } from '@xterm/headless';

export type Look = 'bold' | 'dim' | 'italic' | 'underlined' | 'struck' | 'inverse' | 'hidden' | 'cursor';

/** Neighbouring cells of one look. */
export interface Run {
  readonly text: string;
  readonly looks: readonly Look[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Screen extends Size {
  readonly lines: readonly (readonly Run[])[];
  /** How large the terminal was, where it is drawn smaller. */
  readonly cut: Size | null;
  /** Control sequences that were not carried out. */
  readonly ignored: number;
}

/** A page has some thousand nodes at most: lines behind so many runs are drawn without their looks. */
const mostRuns = 600;

/** What an emulator's screen shows. */
export function linesOf(terminal: Terminal): Screen['lines'] {
  const buffer = terminal.buffer.active;
  let runs = 0;
  return Array.from({ length: terminal.rows }, (_, row) => {
    const line = buffer.getLine(buffer.baseY + row);
    if (line === undefined) return [];
    const cursor = row === buffer.cursorY ? buffer.cursorX : -1;
    const found = runs < mostRuns ? runsOf(line, cursor) : [{ text: line.translateToString(true), looks: [] }];
    runs += found.length;
    return found;
  });
}

function runsOf(line: { readonly length: number; getCell(at: number): IBufferCell | undefined }, cursor: number): Run[] {
  const runs: { text: string; looks: readonly Look[] }[] = [];
  for (let at = 0; at < line.length; at += 1) {
    const cell = line.getCell(at);
    // The second half of a wide character has no width of its own.
    if (cell === undefined || cell.getWidth() === 0) continue;
    const looks = at === cursor ? [...looksOf(cell), 'cursor' as const] : looksOf(cell);
    const last = runs.at(-1);
    const text = cell.getChars() === '' ? ' ' : cell.getChars();
    if (last !== undefined && last.looks.join() === looks.join()) last.text += text;
    else runs.push({ text, looks });
  }
  const last = runs.at(-1);
  if (last !== undefined && last.looks.length === 0) last.text = last.text.trimEnd();
  return runs.filter(({ text }) => text !== '');
}

function looksOf(cell: IBufferCell): Look[] {
  if (cell.isAttributeDefault()) return [];
  const looks: (Look | false)[] = [
    cell.isBold() !== 0 && 'bold',
    cell.isDim() !== 0 && 'dim',
    cell.isItalic() !== 0 && 'italic',
    cell.isUnderline() !== 0 && 'underlined',
    cell.isStrikethrough() !== 0 && 'struck',
    cell.isInverse() !== 0 && 'inverse',
    cell.isInvisible() !== 0 && 'hidden',
  ];
  return looks.filter((look) => look !== false);
}
