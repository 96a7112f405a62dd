import { type MaskAction, stricter } from './action.ts';
import type { Detector, Shape } from './detectors/detector.ts';
import { plain, sign, traitsOf } from './detectors/traits.ts';
import { type Pattern, PatternSet } from './patterns.ts';

/** The longest text that is searched, in UTF-16 units; a longer value counts as found whole. */
const textLimit = 262_144;

/** What a finding is found by, and what becomes of it. */
export interface Cause {
  readonly name: string;
  readonly shape: Shape | 'text';
  readonly action: MaskAction;
  /** Which entry of the configuration asks for it. */
  readonly rule: string;
}

export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly cause: Cause;
}

export type DetectorUse = Cause & { readonly detector: Detector };
export type PatternUse = Cause & { readonly pattern: Pattern };

const tooLong: Cause = { name: 'too-long', shape: 'text', action: 'redact', rule: 'limit' };
const nothing: readonly Finding[] = [];

/** All that is looked for on one connection. */
export class Screen {
  readonly #detectors: readonly DetectorUse[];
  readonly #patterns: readonly PatternUse[];
  readonly #set: PatternSet;

  constructor(detectors: readonly DetectorUse[], patterns: readonly PatternUse[]) {
    this.#detectors = detectors;
    this.#patterns = patterns;
    this.#set = new PatternSet(patterns.map(({ pattern }) => pattern));
  }

  get isEmpty(): boolean {
    return this.#detectors.length === 0 && this.#patterns.length === 0;
  }

  /** The findings in their order, none over another. `called` is what the value is called where it comes from, or empty. */
  find(text: string, called: string): readonly Finding[] {
    if (text.length > textLimit) return [{ start: 0, end: text.length, cause: tooLong }];
    const found: Finding[] = [];
    const traits = this.#detectors.length > 0 ? traitsOf(text) : null;
    if (traits !== null) {
      const searched = (traits.signs & sign.wide) === 0 ? text : plain(text);
      const { digits, word, signs } = searched === text ? traits : traitsOf(searched);
      const hint = called.toLowerCase();
      for (const use of this.#detectors) {
        if (!use.detector.possible({ digits, word, signs })) continue;
        use.detector.find(searched, hint, (start, end) => found.push({ start, end, cause: use }));
      }
    }
    this.#set.find(text, (index, start, end) => {
      const cause = this.#patterns[index];
      if (cause) found.push({ start, end, cause });
    });
    return found.length > 1 ? apart(found) : found.length === 1 ? found : nothing;
  }
}

/** Joins what overlaps: the first to begin (of those, the longest, then the first in the list) names it, the strictest acts. */
function apart(found: readonly Finding[]): readonly Finding[] {
  const result: Finding[] = [];
  for (const next of found.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    const last = result.at(-1);
    if (last === undefined || next.start >= last.end) {
      result.push(next);
      continue;
    }
    const action = stricter(last.cause.action, next.cause.action);
    const grown = next.end > last.end;
    // What two findings share has no shape that a partial form or a pseudonym could keep.
    const cause = action === last.cause.action && !grown ? last.cause : { ...last.cause, action, shape: grown ? 'text' : last.cause.shape };
    result[result.length - 1] = { start: last.start, end: Math.max(last.end, next.end), cause };
  }
  return result;
}
