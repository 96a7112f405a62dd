import type { Tally, ValueKind } from '../../core/masking.ts';
import { redacted } from './action.ts';
import { replaceLeaves } from './json.ts';
import { maskText } from './mask.ts';
import { maskNumber } from './numbers.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { Finding, Screen } from './screen.ts';
import { maskValue } from './value.ts';

/** Where a value stands: its column's label, for the count, and all that says what it means. */
interface Place {
  readonly screen: Screen;
  readonly kind: ValueKind;
  readonly label: string | null;
  readonly hint: string;
}

/** Masks what is found in values and texts, and counts it. */
export class Detection {
  readonly #pseudonyms: Pseudonyms;

  constructor(pseudonyms: Pseudonyms) {
    this.#pseudonyms = pseudonyms;
  }

  /** A value: in text and JSON the places that were found, in any other kind the value as a whole. */
  value(text: string, place: Place, tally: Tally): string | null {
    const { screen, kind, label, hint } = place;
    if (kind === 'json') return this.#json(text, place, tally);
    const findings = screen.find(kind === 'bytes' ? readable(text) : text, hint);
    const first = findings[0];
    if (first === undefined) return text;
    if (kind === 'text' || (kind === 'array' && isWithinElements(text, findings))) return this.places(text, findings, label, tally);
    count(findings, label, tally);
    return maskValue(text, { action: first.cause.action, label: first.cause.name }, kind, this.#pseudonyms);
  }

  /** The text with every finding masked; null where one of them wants the whole value to be null. */
  places(text: string, findings: readonly Finding[], label: string | null, tally: Tally): string | null {
    count(findings, label, tally);
    let [result, done] = ['', 0];
    for (const { start, end, cause } of findings) {
      const masked = maskText(text.slice(start, end), { action: cause.action, label: cause.name }, this.#pseudonyms, cause.shape);
      if (masked === null) return null;
      result += text.slice(done, start) + masked;
      done = end;
    }
    return result + text.slice(done);
  }

  /** What nothing is found in comes back as it was written, character by character. */
  #json(text: string, { screen, label, hint }: Place, tally: Tally): string {
    let changed = false;
    const find = (leaf: string, called: string) => {
      const findings = screen.find(leaf, called);
      changed ||= findings.length > 0;
      return findings;
    };
    const replaced = replaceLeaves(text, {
      string: (leaf, name) => this.places(leaf, find(leaf, hintOf(name, hint)), label, tally),
      number: (leaf, name) => {
        const findings = find(leaf, hintOf(name, hint));
        count(findings, label, tally);
        return findings[0] === undefined ? leaf : maskNumber(leaf, findings[0].cause.action, this.#pseudonyms);
      },
      boolean: (value) => value,
      name: (name) => {
        const findings = find(name, '');
        return this.places(name, findings, label, tally) ?? redacted(findings[0]?.cause.name ?? 'name');
      },
    });
    if (replaced !== null) return changed ? replaced : text;
    tally.add('limit', label, 'unreadable');
    return JSON.stringify(redacted('unreadable'));
  }
}

/** Whether places can be replaced in the text of an array: what is put there has no sign that arrays give a meaning to. */
function isWithinElements(text: string, findings: readonly Finding[]): boolean {
  return findings.every(({ start, end }) => !/[{}",\\]/.test(text.slice(start, end)));
}

function count(findings: readonly Finding[], column: string | null, tally: Tally): void {
  for (const { cause } of findings) tally.add(cause.rule, column, cause.name);
}

/** A member's name says what it is; a place in a list does not, and then what is known of the column must do. */
function hintOf(name: string, hint: string): string {
  return name === '' || /^\d+$/.test(name) ? hint : name;
}

/** Bytes in PostgreSQL's way of writing them, as far as they are text. */
function readable(text: string): string {
  return text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('utf8') : text;
}
