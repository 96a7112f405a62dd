import type { Traits } from './traits.ts';

/** Reports one finding: from `start` up to `end`, in UTF-16 units of the text that was searched. */
export type Found = (start: number, end: number) => void;

/** What a detector's findings look like, where partial masking and pseudonyms can keep it. */
export type Shape = 'email' | 'phone' | 'card' | 'iban' | 'id' | 'ip' | 'secret';

/** Finds one kind of personal data or secret in text. Every one runs in time linear in the text's length. */
export interface Detector {
  readonly name: string;
  readonly shape: Shape;
  /** False where the text cannot hold any; asked before `find`, so it must be cheap. */
  possible(traits: Traits): boolean;
  /**
   * `hint` is what is known of the value's meaning, in lower case: names of its column,
   * with spaces between, or empty. It may raise suspicion and never lower it: the client chooses labels.
   */
  find(text: string, hint: string, found: Found): void;
}

/** How far before a value the word may stand that says what the value is. */
const reach = 40;

/** Whether the words that name such a value stand shortly before it, or in the hint. */
export function named(words: RegExp, text: string, start: number, hint: string): boolean {
  return (hint !== '' && words.test(hint)) || words.test(text.slice(Math.max(0, start - reach), start));
}

/** How many candidates are looked at in one text; checking one takes some µs, and the data plane may not stand still. */
const enough = 5_000;

/**
 * Calls back for each match; `pattern` must have the flag g, and bounded repeats only. Of a text with too many candidates, the
 * rest counts as found.
 */
export function eachMatch(pattern: RegExp, text: string, found: Found, use: (match: RegExpExecArray) => void, most: number = enough): void {
  pattern.lastIndex = 0;
  let count = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if ((count += 1) > most) return found(match.index, text.length);
    use(match);
  }
}
