import type { Decision, Line, MaskedCount, Outcome, RecordedAction } from './lines.ts';

/** How complete what is here is, in the words of the page. */
export type Reach =
  | { readonly kind: 'loading' }
  | { readonly kind: 'live' }
  | { readonly kind: 'reconnecting'; readonly since: number }
  | { readonly kind: 'whole' }
  | { readonly kind: 'broken'; readonly fault: unknown };

/** One exchange as far as its lines have come. Ordinal 0 is the session's own channel. */
export interface Recorded {
  readonly ordinal: number;
  readonly startedAt: number;
  /** The place of its first line in the recording. */
  readonly from: number;
  readonly action: RecordedAction | null;
  /** The places of its lines. */
  readonly places: number[];
  decision: Decision | null;
  outcome: Outcome | null;
  endedAt: number | null;
  masked: readonly MaskedCount[];
  /** Content that is not there: withheld, or crossed without a record. */
  missing: 'none' | 'withheld' | 'gap';
}

/** Silences longer than this are folded to it, and said. */
const longestSilenceMs = 2_000;
/** Pages are told of news four times a second at most. */
const tellingMs = 250;

/** All lines of a session that have come, in order; grows, and tells those who listen. */
export class Recording {
  readonly lines: Line[] = [];
  readonly exchanges: Recorded[] = [];
  /** When each line comes where longer silences are folded, in milliseconds from the first. */
  readonly moments: number[] = [];
  reach: Reach = { kind: 'loading' };
  /** Whether a terminal is in it, which is more than its end. */
  hasTerminal = false;
  readonly #byOrdinal = new Map<number, Recorded>();
  readonly #listeners = new Set<() => void>();
  #version = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  get lastSequence(): number {
    return this.lines.at(-1)?.sequence ?? -1;
  }

  /** Takes a line that comes next; one that is here already (a stream was taken up again) is passed over. */
  add(line: Line): void {
    if (line.sequence <= this.lastSequence) return;
    const before = this.lines.at(-1);
    const silence = before === undefined ? 0 : Math.max(0, line.at - before.at);
    this.moments.push((this.moments.at(-1) ?? 0) + Math.min(silence, longestSilenceMs));
    this.lines.push(line);
    this.#index(line, this.lines.length - 1);
    this.#tell();
  }

  /** What has come in all is shown at once: whoever seeks waits for it. */
  arrive(reach: Reach): void {
    this.reach = reach;
    this.#version += 1;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#say();
  }

  exchange(ordinal: number): Recorded | null {
    return this.#byOrdinal.get(ordinal) ?? null;
  }

  /** The place of the line with this sequence, or of the one before it. */
  placeOf(sequence: number): number {
    let [low, high] = [0, this.lines.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.lines[middle]?.sequence ?? 0) <= sequence) low = middle;
      else high = middle;
    }
    return low;
  }

  /** How many lines have come at this moment of the folded time. */
  shownAt(moment: number): number {
    let [low, high] = [0, this.moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.moments[middle] ?? 0) <= moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get duration(): number {
    return this.moments.at(-1) ?? 0;
  }

  /** How long the silence before the line at this place was, where it was folded. */
  foldedBefore(place: number): number | null {
    const [line, before] = [this.lines[place], this.lines[place - 1]];
    if (line === undefined || before === undefined) return null;
    return line.at - before.at > longestSilenceMs ? line.at - before.at : null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;

  #index(line: Line, place: number): void {
    const recorded = this.#recorded(line, place);
    recorded.places.push(place);
    if (line.kind === 'decision') recorded.decision = line.decision;
    else if (line.kind === 'bytes') this.hasTerminal ||= line.parts.some(({ shape }) => shape === 'terminal');
    else if (line.kind === 'masked') recorded.masked = [...recorded.masked, ...line.masked];
    else if (line.kind === 'gap') recorded.missing = 'gap';
    else if (line.kind === 'withheld' && recorded.missing === 'none') recorded.missing = 'withheld';
    else if (line.kind === 'outcome') {
      recorded.outcome = line.outcome;
      recorded.endedAt = line.at;
    }
  }

  #recorded(line: Line, place: number): Recorded {
    const known = this.#byOrdinal.get(line.exchange);
    if (known !== undefined) return known;
    const recorded: Recorded = {
      ordinal: line.exchange,
      startedAt: line.at,
      from: place,
      action: line.kind === 'exchange' ? line.action : null,
      places: [],
      decision: null,
      outcome: null,
      endedAt: null,
      masked: [],
      missing: 'none',
    };
    this.#byOrdinal.set(line.exchange, recorded);
    this.exchanges.push(recorded);
    return recorded;
  }

  #tell(): void {
    this.#version += 1;
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#say(), tellingMs);
  }

  #say(): void {
    this.#timer = null;
    for (const listener of this.#listeners) listener();
  }
}
