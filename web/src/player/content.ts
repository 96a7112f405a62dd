import type { Cell, Decision, Direction, Json, Line, MaskedCount, Outcome, Part, TerminalEvent } from '../recording/lines.ts';
import type { Recorded, Recording } from '../recording/recording.ts';
import { RowSet } from '../recording/row-set.ts';
import { words } from '../text.ts';

/** A piece of what was asked or came back, by its shape and nothing else: no protocol is known here. */
export type Piece = { readonly direction: Direction } & (
  | { readonly shape: 'rows'; readonly rows: RowSet }
  | { readonly shape: 'document'; readonly mediaType: string; readonly value: Json }
  | { readonly shape: 'text'; readonly text: string }
  | { readonly shape: 'diff'; readonly text: string }
  /** Both sides of it, in their order. */
  | { readonly shape: 'terminal'; readonly events: TerminalEvent[] }
  | { readonly shape: 'bytes'; readonly count: number; readonly base64: string | null }
  | { readonly shape: 'marks'; readonly marks: readonly { readonly name: string; readonly detail: { readonly [name: string]: Json } }[] }
  | { readonly shape: 'gap'; readonly text: string }
  | { readonly shape: 'strange'; readonly text: string }
);

type MarksPiece = Extract<Piece, { readonly shape: 'marks' }>;

export interface Content {
  readonly decision: Decision | null;
  readonly outcome: Outcome | null;
  readonly values: readonly Cell[];
  readonly pieces: readonly Piece[];
  readonly masked: readonly MaskedCount[];
  readonly withheld: readonly { readonly direction: string; readonly count: number; readonly sha256: string }[];
}

/** What the first lines of an exchange say together. */
export function contentOf(recording: Recording, exchange: Recorded, count: number): Content {
  const gathered = new Gathered(exchange.action?.text ?? '');
  for (const place of exchange.places.slice(0, count)) {
    const line = recording.lines[place];
    if (line !== undefined) gathered.take(line);
  }
  return gathered.content();
}

class Gathered {
  readonly #asked: string;
  readonly #pieces: Piece[] = [];
  readonly #withheld = new Map<string, { readonly direction: string; readonly count: number; readonly sha256: string }>();
  #decision: Decision | null = null;
  #outcome: Outcome | null = null;
  #values: readonly Cell[] = [];
  #masked: readonly MaskedCount[] = [];

  constructor(asked: string) {
    this.#asked = asked;
  }

  take(line: Line): void {
    switch (line.kind) {
      case 'decision':
        this.#decision = line.decision;
        return;
      case 'outcome':
        this.#outcome = line.outcome;
        return;
      case 'masked':
        this.#masked = [...this.#masked, ...line.masked];
        return;
      case 'bytes':
        for (const part of line.parts) this.#part(part, line.direction);
        return;
      case 'withheld':
        // Each counts from the first withheld byte on, so the last one of a direction says all.
        this.#withheld.set(line.direction, line);
        return;
      case 'gap':
        this.#pieces.push({ direction: line.direction, shape: 'gap', text: words.exchange.gap(line.direction, line.count, line.reason) });
        return;
      case 'strange':
        this.#pieces.push({ direction: 'reply', shape: 'strange', text: line.text });
        return;
      case 'end':
        this.#pieces.push({ direction: 'reply', shape: 'marks', marks: [{ name: line.status, detail: { reason: line.reason } }] });
        return;
      case 'session':
      case 'sealed':
      case 'exchange':
        return;
      default:
        line satisfies never;
    }
  }

  content(): Content {
    const withheld = [...this.#withheld.values()];
    const pieces = this.#pieces.flatMap((piece) => (piece.shape === 'marks' ? this.#telling(piece) : [piece]));
    return { decision: this.#decision, outcome: this.#outcome, values: this.#values, pieces, masked: this.#masked, withheld };
  }

  /** Marks without those that say only what the outcome says anyway. */
  #telling({ direction, marks }: MarksPiece): readonly Piece[] {
    const known = new Set<Json | undefined>([this.#outcome?.tag, this.#outcome?.error?.code, this.#outcome?.error?.message]);
    const told = marks.filter(({ detail }) => Object.keys(detail).length === 0 || Object.values(detail).some((value) => !known.has(value)));
    return told.length === 0 ? [] : [{ direction, shape: 'marks', marks: told }];
  }

  #part(part: Part, direction: Direction): void {
    switch (part.shape) {
      case 'rows':
        this.#rows(part, direction);
        return;
      case 'mark':
        this.#mark(part, direction);
        return;
      case 'text':
        // What was asked already stands above.
        if (direction === 'request' && this.#asked !== '' && part.text.includes(this.#asked)) return;
        this.#text(part.text, direction);
        return;
      case 'terminal':
        this.#terminal(part);
        return;
      case 'document':
      case 'bytes':
        this.#pieces.push({ direction, ...part });
        return;
      default:
        part satisfies never;
    }
  }

  #rows({ columns, rows }: Extract<Part, { shape: 'rows' }>, direction: Direction): void {
    const last = this.#pieces.findLast(({ shape }) => shape === 'rows');
    if (last?.shape === 'rows' && last.direction === direction && last.rows.hasColumns(columns)) {
      last.rows.add(rows);
      return;
    }
    const set = new RowSet(columns);
    set.add(rows);
    this.#pieces.push({ direction, shape: 'rows', rows: set });
  }

  /** An exchange has one screen. */
  #terminal(event: TerminalEvent): void {
    const known = this.#pieces.find((piece) => piece.shape === 'terminal');
    if (known?.shape === 'terminal') known.events.push(event);
    else this.#pieces.push({ direction: 'reply', shape: 'terminal', events: [event] });
  }

  #mark({ name, detail }: Extract<Part, { shape: 'mark' }>, direction: Direction): void {
    const values = detail['values'];
    if (name === 'parameters' && Array.isArray(values)) {
      this.#values = values.map((value: Json) => (value === null || typeof value === 'string' ? value : JSON.stringify(value)));
      return;
    }
    const last = this.#pieces.at(-1);
    if (last?.shape === 'marks' && last.direction === direction)
      this.#pieces[this.#pieces.length - 1] = { ...last, marks: [...last.marks, { name, detail }] };
    else this.#pieces.push({ direction, shape: 'marks', marks: [{ name, detail }] });
  }

  /** A text that came in several reads is one text; a change set says so by its first line. */
  #text(text: string, direction: Direction): void {
    const last = this.#pieces.at(-1);
    if ((last?.shape === 'text' || last?.shape === 'diff') && last.direction === direction)
      this.#pieces[this.#pieces.length - 1] = { ...last, text: last.text + text };
    else this.#pieces.push({ direction, shape: /^diff --(git|cc|combined) /.test(text) ? 'diff' : 'text', text });
  }
}
