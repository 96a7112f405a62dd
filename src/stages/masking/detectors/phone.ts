import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { type Detector, eachMatch, named } from './detector.ts';

const international = /(?<![\w+.])(?:\+|00)[1-9](?:[ .\-/]{0,2}\(?\d\)?){6,14}(?![\w-]|[.:]\d)/g;
/** The North American plan with its gaps: `(415) 555-2671`, `415-555-2671`, `1 415.555.2671`. */
const american = /(?<![\w.+/-]|\d )(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([ .-]))[2-9]\d{2}[ .-]\d{4}(?![\w-]|\.\d)/g;
const local = /(?<![\w.+/])\(?\d(?:[ .\-/]{0,2}[()]?\d\)?){5,13}(?![\w-]|[.:]\d)/g;
const words =
  /\b(?:tele)?phone\b|\btel\b|telefon|mobil|\bm[oó]vil\b|\bcell?\b|cellphone|\bcall(?:ed|ing)?\b|\bfax\b|whatsapp|\bsms\b|\btext (?:me|him|her|us)\b|\bhandy\b|t[eé]l[eé]phone|telef[oó]n|cellulare|puhelin|celular|\bphone/i;

/** Whose national forms are tried where a word says that it is a phone number. */
const countries = ['US', 'GB', 'DE', 'FR', 'ES', 'IT', 'NL', 'PL', 'SE', 'FI', 'BR', 'IN', 'CH', 'AT', 'AU'] as const;

/** Each may be tried with every country. */
const enoughLocal = 200;

/** Phone numbers: international ones anywhere, North American ones with their gaps, and others where a word before them says so. */
export const phone: Detector = {
  name: 'phone',
  shape: 'phone',
  possible: ({ digits }) => digits >= 7,
  find(text, hint, found) {
    eachMatch(international, text, found, ({ 0: match, index }) => {
      const number = parsePhoneNumberFromString(match.replace(/^00/, '+'));
      const counts = number?.isValid() || (number?.isPossible() && named(words, text, index, hint));
      if (counts) found(index, index + match.length);
    });
    eachMatch(american, text, found, ({ 0: match, index }) => {
      if (parsePhoneNumberFromString(match, 'US')?.isValid()) found(index, index + match.length);
    });
    if (!words.test(hint) && !words.test(text)) return;
    eachMatch(
      local,
      text,
      found,
      ({ 0: match, index }) => {
        if (!named(words, text, index, hint)) return;
        if (countries.some((country) => parsePhoneNumberFromString(match, country)?.isValid())) found(index, index + match.length);
      },
      enoughLocal,
    );
  },
};
