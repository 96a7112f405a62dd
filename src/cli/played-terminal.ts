import type { PlayedPart } from './recording-line.ts';
import { visibleLine, visibleLines } from './visible.ts';

type TerminalPart = Extract<PlayedPart, { shape: 'terminal' }>;

/** A program that paints a screen ends no lines; so long a piece of it is shown by itself. */
const longestLine = 2_000;

/** What a terminal showed and what was typed, as lines: obeyed by nobody, with every control sequence drawn as its characters. */
export class PlayedTerminal {
  #written = '';
  #typed = '';

  /** The lines that are whole with this part. */
  take(part: TerminalPart): string[] {
    if (part.event === 'resize') return [terminalEvent(part)];
    if (part.event === 'input') {
      const lines = `${this.#typed}${part.text}`.split(/(?<=[\r\n])/);
      this.#typed = unfinished(lines, /[\r\n]$/);
      return lines.map((text) => terminalEvent({ shape: 'terminal', event: 'input', text }));
    }
    const lines = `${this.#written}${part.text}`.split(/(?<=\n)/);
    this.#written = unfinished(lines, /\n$/);
    return lines.flatMap((line) => visibleLines(line.replace(/\r*\n$/, '')));
  }

  /** What stands there without an end. */
  rest(): string[] {
    const typed = this.#typed === '' ? [] : [terminalEvent({ shape: 'terminal', event: 'input', text: this.#typed })];
    const written = this.#written === '' ? [] : visibleLines(this.#written);
    this.#typed = '';
    this.#written = '';
    return [...written, ...typed];
  }
}

/** On one line. */
export function terminalEvent(part: TerminalPart): string {
  if (part.event === 'resize') return `(the terminal is ${part.columns} columns by ${part.rows} rows)`;
  return part.event === 'input' ? `typed: ${visibleLine(part.text)}` : visibleLine(part.text);
}

/** Takes the last line off where more of it may come. */
function unfinished(lines: string[], end: RegExp): string {
  const last = lines.at(-1) ?? '';
  if (end.test(last) || last.length > longestLine) return '';
  lines.pop();
  return last;
}
