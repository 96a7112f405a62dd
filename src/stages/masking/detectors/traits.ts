/** What one pass over a text has seen of it: enough to say which detectors need not look. */
export interface Traits {
  digits: number;
  /** The longest run of letters, digits, `_`, `-`, `+`, `/`, `=` and `.`. */
  word: number;
  /** The signs below, by or. */
  signs: number;
}

export const sign = { at: 1, colon: 2, equals: 4, dot: 8, percent: 16, plus: 32, wide: 64, letter: 128 } as const;

const digit = 256;
const inWord = 512;
const table = new Uint16Array(128);
for (let code = 48; code < 58; code += 1) table[code] = digit | inWord;
for (let code = 65; code < 91; code += 1) table[code] = table[code + 32] = sign.letter | inWord;
const others: readonly (readonly [character: string, meaning: number])[] = [
  ['@', sign.at],
  [':', sign.colon],
  ['=', sign.equals | inWord],
  ['.', sign.dot | inWord],
  ['%', sign.percent],
  ['+', sign.plus | inWord],
  ['_', inWord],
  ['-', inWord],
  ['/', inWord],
];
for (const [character, meaning] of others) table[character.charCodeAt(0)] = meaning;

/** Reads the text once. What it returns is overwritten by the next call: most values are ruled out here, at some ns a character. */
export function traitsOf(text: string): Traits {
  let [digits, word, longest, signs] = [0, 0, 0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const meaning = code < 128 ? (table[code] ?? 0) : sign.wide | inWord;
    signs |= meaning;
    if ((meaning & digit) !== 0) digits += 1;
    if ((meaning & inWord) !== 0) word += 1;
    else {
      if (word > longest) longest = word;
      word = 0;
    }
  }
  seen.digits = digits;
  seen.word = Math.max(word, longest);
  seen.signs = signs;
  return seen;
}
const seen: Traits = { digits: 0, word: 0, signs: 0 };

/**
 * The same text with the look-alikes of ASCII in their plain form, each in its own place, so that offsets hold: full-width
 * forms, digits of other scripts, and the spaces and hyphens that word processors put into numbers.
 */
export function plain(text: string): string {
  if (isAscii.test(text)) return text;
  return text.replace(lookAlikes, (character) => {
    const code = character.charCodeAt(0);
    if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
    const zero = zeros.find((first) => code >= first && code < first + 10);
    if (zero !== undefined) return String.fromCharCode(48 + code - zero);
    return hyphens.includes(character) ? '-' : ' ';
  });
}
const isAscii = /^[\x00-\x7f]*$/;
const zeros = [0x660, 0x6f0, 0x966];
const hyphens = '\u2010\u2011\u2012\u2013\u2014\u2212';
const lookAlikes = /[\uff01-\uff5e\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u2010-\u2014\u2212\u00a0\u2000-\u200b\u202f\u3000]/g;
