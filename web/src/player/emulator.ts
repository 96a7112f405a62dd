import { Terminal } from '@xterm/headless';
import type { TerminalEvent } from '../recording/lines.ts';
import { linesOf, type Screen, type Size } from './screen.ts';

/** A terminal is drawn this large at most. */
const largest: Size = { columns: 300, rows: 120 };
const usual: Size = { columns: 80, rows: 24 };
/**
 * What is read in one go, and how much may wait to be read: of the most tedious of sequences, lines deleted by the screenful, 256 characters
 * take 40 ms, and 4,096 took 800.
 */
const pieceChars = 256;
const waitingChars = 1024 * 1024;
/**
 * CSI sequences that are carried out as often as they say, and the side of the screen behind which there is nothing for them to do: a
 * count of two thousand millions was not done with after four seconds.
 */
const repeating = { I: 'cols', Z: 'cols', b: 'cols', L: 'rows', M: 'rows', S: 'rows', T: 'rows' } as const;

/**
 * Plays what a terminal's program wrote, and tells what the screen then shows. It is an emulator without a document: links, titles,
 * clipboards and questions to the terminal lead nowhere, because nobody listens to them.
 */
export class Emulator {
  readonly #tell: (screen: Screen) => void;
  #terminal = this.#fresh();
  #size = usual;
  #ignored = 0;
  /** What has been played, and what shall be. */
  #taken: readonly TerminalEvent[] = [];
  #count = 0;
  #wanted: readonly TerminalEvent[] = [];
  #busy = false;
  #closed = false;

  constructor(tell: (screen: Screen) => void) {
    this.#tell = tell;
  }

  /** Shows the screen behind these events, once they have been played; what is asked for meanwhile takes their place. */
  show(events: readonly TerminalEvent[]): void {
    this.#wanted = events;
    if (!this.#busy) void this.#play();
  }

  close(): void {
    this.#closed = true;
    this.#terminal.dispose();
  }

  async #play(): Promise<void> {
    this.#busy = true;
    while (!this.#closed && (this.#taken !== this.#wanted || this.#count < this.#wanted.length)) {
      this.#take(this.#wanted);
      await this.#some();
      if (!this.#closed && this.#count === this.#wanted.length) this.#say();
    }
    this.#busy = false;
  }

  /** Goes on where these events begin with those that were played, and else begins anew. */
  #take(events: readonly TerminalEvent[]): void {
    const goesOn = events.length >= this.#count && (this.#count === 0 || events[this.#count - 1] === this.#taken[this.#count - 1]);
    this.#taken = events;
    if (goesOn) return;
    this.#terminal.dispose();
    this.#terminal = this.#fresh();
    this.#size = usual;
    this.#ignored = 0;
    this.#count = 0;
  }

  /** Plays up to the next change of size, or as much as may wait. */
  async #some(): Promise<void> {
    let waiting = 0;
    for (let event = this.#taken[this.#count]; event !== undefined && waiting < waitingChars; event = this.#taken[this.#count]) {
      if (event.event === 'resize') {
        if (waiting > 0) break;
        this.#resize(event);
      } else if (event.event === 'output') {
        for (let at = 0; at < event.text.length; at += pieceChars) this.#terminal.write(event.text.slice(at, at + pieceChars));
        waiting += event.text.length;
      }
      this.#count += 1;
    }
    await new Promise<void>((read) => this.#terminal.write('', read));
  }

  #resize({ columns, rows }: Size): void {
    this.#size = { columns, rows };
    this.#terminal.resize(within(columns, largest.columns), within(rows, largest.rows));
  }

  #fresh(): Terminal {
    const terminal = new Terminal({ cols: usual.columns, rows: usual.rows, scrollback: 0, logLevel: 'off', allowProposedApi: true });
    for (const [final, side] of Object.entries(repeating))
      terminal.parser.registerCsiHandler({ final }, (counts) => {
        const isTooMuch = counts.some((count) => typeof count === 'number' && count > terminal[side]);
        if (isTooMuch) this.#ignored += 1;
        return isTooMuch;
      });
    return terminal;
  }

  #say(): void {
    const { cols: columns, rows } = this.#terminal;
    const isCut = columns < this.#size.columns || rows < this.#size.rows;
    this.#tell({ columns, rows, lines: linesOf(this.#terminal), cut: isCut ? this.#size : null, ignored: this.#ignored });
  }
}

function within(side: number, most: number): number {
  return Math.max(1, Math.min(most, Math.trunc(side) || 1));
}
