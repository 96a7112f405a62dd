import type { Action } from '../core/action.ts';
import type { Decision, Direction, Outcome } from '../core/entry.ts';
import type { Json } from '../core/json.ts';
import type { Cell, Part } from '../core/part.ts';
import { FoundText } from './found-text.ts';
import type { Cut } from './items.ts';

/** What a row may hold of one text, in UTF-16 units; what is longer is cut and says so. The recording has it whole. */
const textLimit = 1024 * 1024;
const wordLimit = 64 * 1024;
const objectLimit = 1000;

/** One exchange as its entries have told it so far. */
export class ExchangeState {
  readonly ordinal: number;
  readonly startedAt: number;
  readonly action: Action;
  readonly text: string;
  readonly objects: string;
  /** The row's id; 0 until it is known. */
  id = 0;
  /** Whether the catalog has a row of it. */
  stored = false;
  durationMs: number | null = null;
  decision: Decision | null = null;
  outcome: Outcome | null = null;
  parameters: Cell[] | null = null;
  bytes = 0;
  readonly found = new FoundText();
  readonly cuts = new Set<Cut>();
  #parameterSize = 0;
  readonly #withheld = new Map<Direction, { readonly count: number; readonly sha256: string }>();

  constructor(ordinal: number, startedAt: number, action: Action) {
    this.ordinal = ordinal;
    this.startedAt = startedAt;
    this.action = action;
    this.text = this.#clip(action.text, textLimit);
    if (action.objects.length > objectLimit) this.cuts.add('objects');
    this.objects = JSON.stringify(action.objects.slice(0, objectLimit));
  }

  get barred(): boolean {
    const verdict = this.decision?.verdict;
    return verdict === 'refused' || verdict === 'denied' || verdict === 'expired';
  }

  get withheld(): { bytes: number; sha256: string[] } | null {
    if (this.#withheld.size === 0) return null;
    const all = [...this.#withheld.values()];
    return { bytes: all.reduce((sum, { count }) => sum + count, 0), sha256: all.map(({ sha256 }) => sha256) };
  }

  get rows(): number | null {
    const rows = this.outcome?.rows ?? null;
    return Number.isSafeInteger(rows) ? rows : null;
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
    this.#withheld.set(direction, { count, sha256 });
  }

  part(part: Part): void {
    if (part.shape === 'mark' && part.name === 'parameters') this.#bind(part.detail['values'] ?? null);
    else this.found.add(part);
    if (this.found.cut) this.cuts.add('search');
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
      if (this.#parameterSize > textLimit) this.cuts.add('parameters');
      if (this.cuts.has('parameters')) return;
      this.parameters.push(cell);
    }
  }

  #clip(text: string, limit: number): string {
    if (text.length <= limit) return text;
    this.cuts.add('text');
    return text.slice(0, limit);
  }
}
