import type { Action } from '../core/action.ts';
import type { Decision, Direction, Outcome } from '../core/entry.ts';
import type { Json } from '../core/json.ts';
import { type MaskedCount, Tally } from '../core/masking.ts';
import type { Cell, Part } from '../core/part.ts';
import { FoundText } from './found-text.ts';
import type { Cut } from './items.ts';

/** What a row may hold of one text, in UTF-16 units; what is longer is cut and says so. The recording has it whole. */
const textLimit = 1024 * 1024;
const wordLimit = 64 * 1024;
const objectLimit = 1000;
/** A result has at most 1,664 columns; a row of the catalog need not name all that were masked. */
const maskedLimit = 200;

/** What an exchange was counted as. */
export interface Counted {
  readonly verdict: string;
  readonly failed: boolean;
  readonly policies: readonly string[];
}

/** One exchange as its entries have told it so far. */
export class ExchangeState {
  readonly ordinal: number;
  readonly startedAt: number;
  readonly action: Action;
  readonly text: string;
  readonly objects: string;
  /** The row's id; 0 until it is known. */
  id = 0;
  /** The row of the full-text index that has its texts, and how many ordinals further one may have them there too: see `text-index.ts`. */
  home = 0;
  covers = 0;
  /** What the catalog's tallies have it as; null while they do not have it. */
  counted: Counted | null = null;
  /** Whether the catalog has a row of it. */
  stored = false;
  /** Whether the row lacks what came since it was written. */
  changed = false;
  durationMs: number | null = null;
  decision: Decision | null = null;
  outcome: Outcome | null = null;
  parameters: Cell[] | null = null;
  bytes = 0;
  readonly found = new FoundText();
  /** What of it the row does not hold whole; null while nothing, as nearly always. */
  #cuts: Set<Cut> | null = null;
  #parameterSize = 0;
  #masked: Tally | null = null;
  #withheld: Map<Direction, { readonly count: number; readonly sha256: string }> | null = null;

  constructor(ordinal: number, startedAt: number, action: Action) {
    this.ordinal = ordinal;
    this.startedAt = startedAt;
    this.action = action;
    this.text = this.#clip(action.text, textLimit);
    if (action.objects.length > objectLimit) this.cut('objects');
    this.objects = action.objects.length === 0 ? '[]' : JSON.stringify(action.objects.slice(0, objectLimit));
  }

  /** Says that the row does not hold all of this. */
  cut(what: Cut): void {
    this.#cuts ??= new Set();
    this.#cuts.add(what);
  }

  /** What `cut` was told, as the row has it. */
  get cuts(): string {
    return this.#cuts === null ? '' : [...this.#cuts].sort().join();
  }

  get barred(): boolean {
    const verdict = this.decision?.verdict;
    return verdict === 'refused' || verdict === 'denied' || verdict === 'expired';
  }

  get withheld(): { bytes: number; sha256: string[] } | null {
    if (this.#withheld === null) return null;
    const all = [...this.#withheld.values()];
    return { bytes: all.reduce((sum, { count }) => sum + count, 0), sha256: all.map(({ sha256 }) => sha256) };
  }

  get rows(): number | null {
    const rows = this.outcome?.rows ?? null;
    return Number.isSafeInteger(rows) ? rows : null;
  }

  /** How much of it search looks through, in UTF-16 units. */
  get searchedLength(): number {
    return this.text.length + this.#parameterSize + this.found.length;
  }

  /** Null while there is none; a target's own words are as long as it likes, so they are cut and say so. */
  word(text: string | null | undefined): string | null {
    return text === null || text === undefined ? null : this.#clip(text, wordLimit);
  }

  crossed(count: number): void {
    this.bytes += count;
  }

  /** Each such entry counts and hashes from the first withheld byte of its direction on, so the last one says it all. */
  wasWithheld(direction: Direction, count: number, sha256: string): void {
    this.#withheld ??= new Map();
    this.#withheld.set(direction, { count, sha256 });
  }

  wasMasked(masked: readonly MaskedCount[]): void {
    this.#masked ??= new Tally();
    for (const { rule, column, detector, count } of masked) this.#masked.add(rule, column, detector, count);
  }

  /** Null where nothing was. */
  get masked(): readonly MaskedCount[] | null {
    return this.#masked === null ? null : this.#masked.entries().slice(0, maskedLimit);
  }

  part(part: Part, direction: Direction): void {
    if (part.shape === 'mark' && part.name === 'parameters') this.#bind(part.detail['values'] ?? null);
    else this.found.add(part, direction);
    if (this.found.cut) this.cut('search');
  }

  close(at: number, outcome: Outcome): void {
    this.outcome = outcome;
    this.durationMs = Math.round((at - this.startedAt) * 1000) / 1000;
  }

  #bind(values: Json): void {
    if (!Array.isArray(values)) return;
    this.parameters ??= [];
    for (const value of values) {
      const cell = value === null || typeof value === 'string' ? value : JSON.stringify(value);
      this.#parameterSize += (cell?.length ?? 0) + 4;
      if (this.#parameterSize > textLimit) this.cut('parameters');
      if (this.#cuts?.has('parameters')) return;
      this.parameters.push(cell);
    }
  }

  #clip(text: string, limit: number): string {
    if (text.length <= limit) return text;
    this.cut('text');
    return text.slice(0, limit);
  }
}
