import { countrySpecs, ValidationErrorsIBAN, validateIBAN } from 'ibantools';
import { type Detector, eachMatch } from './detector.ts';
import { sign } from './traits.ts';

const beginning = /(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?=[ -]?[A-Za-z0-9])/g;
const formats = new Set([
  ValidationErrorsIBAN.QRIBANNotAllowed,
  ValidationErrorsIBAN.WrongAccountBankBranchChecksum,
  ValidationErrorsIBAN.WrongBBANFormat,
]);
const lengths = new Map(Object.entries(countrySpecs).flatMap(([country, { chars }]) => (chars ? [[country, chars] as const] : [])));

/** Bank accounts by ISO 13616: the country's length and account format, and the check modulo 97. */
export const iban: Detector = {
  name: 'iban',
  shape: 'iban',
  possible: ({ digits, signs }) => digits >= 2 && (signs & sign.letter) !== 0,
  find(text, _hint, found) {
    eachMatch(beginning, text, found, ({ 0: match, index }) => {
      const length = lengths.get(match.slice(0, 2).toUpperCase());
      const end = length === undefined ? null : endOf(text, index, length);
      if (end !== null && isIban(text.slice(index, end))) found(index, end);
    });
  },
};

/** Length and the check modulo 97 decide. Banks' own formats and check digits have more exceptions than any list of them. */
function isIban(text: string): boolean {
  const { errorCodes } = validateIBAN(text.replaceAll(/[ -]/g, '').toUpperCase());
  return errorCodes.every((code) => formats.has(code));
}

/** Where so many letters and digits end, with at most one space or hyphen between two; null where they do not end there. */
function endOf(text: string, start: number, length: number): number | null {
  let [at, count] = [start, 0];
  while (count < length) {
    if (count > 0 && ' -'.includes(text.charAt(at) || 'x')) at += 1;
    if (!/^[A-Za-z0-9]$/.test(text.charAt(at))) return null;
    at += 1;
    count += 1;
  }
  return /^[A-Za-z0-9]$/.test(text.charAt(at)) ? null : at;
}
