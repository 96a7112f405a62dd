import { type Detector, eachMatch } from './detector.ts';

/** 12 to 19 digits, alone or in groups with one sort of gap. */
const candidate = /(?<![\w.-]|\d[ /])\d(?:[ .-]?\d){11,18}(?![\w-]|[./]\d)/g;

/** What the networks issue: how numbers begin, and how long they then are. */
const issued: readonly (readonly [begins: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16, 17, 18, 19]],
  [/^(?:30[0-5]|309|36|38|39)/, [14, 16, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(?:62|81)/, [16, 17, 18, 19]],
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [16, 18, 19]],
  [/^(?:220[0-4]|60|82|508|9792)/, [16]],
];
const groupings = /^(?:\d+|\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{4}([ -])\d{4}\3\d{5})$/;

/** Payment card numbers: issued prefixes and lengths, usual groups, and Luhn's check. */
export const card: Detector = {
  name: 'card',
  shape: 'card',
  possible: ({ digits }) => digits >= 12,
  find(text, _hint, found) {
    eachMatch(candidate, text, found, ({ 0: match, index }) => {
      const digits = match.replaceAll(/[ .-]/g, '');
      const length = digits.length;
      if (!issued.some(([begins, lengths]) => lengths.includes(length) && begins.test(digits))) return;
      if (groupings.test(match) && luhn(digits) && !/^(\d)\1+$/.test(digits)) found(index, index + match.length);
    });
  },
};

/** ISO/IEC 7812-1 annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const value = digits.charCodeAt(digits.length - 1 - place) - 48;
    sum += place % 2 === 0 ? value : value * 2 - (value > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}
