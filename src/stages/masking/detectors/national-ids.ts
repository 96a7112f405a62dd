import { validate as cpf } from 'stdnum/lib/cjs/br/cpf.js';
import { validate as taxId } from 'stdnum/lib/cjs/de/idnr.js';
import { validate as dni } from 'stdnum/lib/cjs/es/dni.js';
import { validate as nie } from 'stdnum/lib/cjs/es/nie.js';
import { validate as hetu } from 'stdnum/lib/cjs/fi/hetu.js';
import { validate as nir } from 'stdnum/lib/cjs/fr/nir.js';
import { validate as aadhaar } from 'stdnum/lib/cjs/in/aadhaar.js';
import { validate as codiceFiscale } from 'stdnum/lib/cjs/it/codicefiscale.js';
import { validate as bsn } from 'stdnum/lib/cjs/nl/bsn.js';
import { validate as pesel } from 'stdnum/lib/cjs/pl/pesel.js';
import { validate as personnummer } from 'stdnum/lib/cjs/se/personnummer.js';
import { validate as ssn } from 'stdnum/lib/cjs/us/ssn.js';
import { type Detector, eachMatch, named } from './detector.ts';

interface NationalId {
  readonly name: string;
  /** How many digits it has at least. */
  readonly digits: number;
  readonly pattern: RegExp;
  readonly valid: (text: string) => boolean;
  /** The words that name it. Where `bare` matches, the number could be any number, and counts only beside one of them. */
  readonly words: RegExp;
  readonly bare?: RegExp;
}

const checked = (validate: (text: string) => { readonly isValid: boolean }) => (text: string) => validate(text).isValid;

const ids: readonly NationalId[] = [
  {
    name: 'de-tax-id',
    digits: 11,
    pattern: /(?<![\w.,+-])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\w-]|[.,]\d)/g,
    valid: checked(taxId),
    words: /steuer|\bidnr\b|\btin\b|tax.?id/i,
  },
  {
    name: 'es-dni',
    digits: 7,
    pattern: /(?<![\w-])(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZxyz][ -]?\d{7})[ -]?[A-Za-z](?![\w-])/g,
    valid: (text) => (/^[xyz]/i.test(text) ? nie(text.replaceAll(/[ .]/g, '')).isValid : dni(text.replaceAll(/[ .]/g, '')).isValid),
    words: /\b(?:dni|nie|nif)\b/i,
  },
  {
    name: 'fr-nir',
    digits: 13,
    pattern: /(?<![\w.+-])[1-478] ?\d\d ?\d\d ?(?:\d\d|2[ABab]) ?\d{3} ?\d{3} ?\d\d(?![\w-])/g,
    valid: checked(nir),
    words: /\bnir\b|s[ée]cu|insee/i,
  },
  {
    name: 'it-codice-fiscale',
    // Fewer than it should have: two people with the same code get letters for digits, from the right.
    digits: 3,
    pattern: /(?<!\w)[A-Za-z]{6} ?[\dLMNP-Vlmnp-v]{2}[A-EHLMPRSTa-ehlmprst][\dLMNP-Vlmnp-v]{2} ?[A-Za-z][\dLMNP-Vlmnp-v]{3}[A-Za-z](?!\w)/g,
    valid: (text) => codiceFiscale(text.toUpperCase()).isValid,
    words: /codice|fiscale|\bcf\b/i,
  },
  {
    name: 'nl-bsn',
    digits: 9,
    pattern: /(?<![\w.+-])(?:\d{9}|\d{4}[. ]\d{2}[. ]\d{3})(?![\w-]|\.\d)/g,
    valid: checked(bsn),
    words: /\bbsn|burgerservice|sofi/i,
    bare: /^/,
  },
  { name: 'pl-pesel', digits: 11, pattern: /(?<![\w.,+-])\d{11}(?![\w-]|[.,]\d)/g, valid: checked(pesel), words: /pesel/i },
  {
    name: 'gb-nino',
    digits: 6,
    pattern: /(?<![\w-])[A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z][A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z] ?\d\d ?\d\d ?\d\d ?[A-Da-d](?![\w-])/g,
    // No check digit: HMRC's list of prefixes that are never given out is all there is.
    valid: (text) => !/^(?:bg|gb|kn|nk|nt|tn|zz)/i.test(text),
    words: /\bnino\b|national.?insurance|\bni.?(?:no|number)\b/i,
    bare: /[a-z]/,
  },
  {
    name: 'us-ssn',
    digits: 9,
    pattern: /(?<![\w.+-])\d{3}([ -]?)\d\d\1\d{4}(?![\w-]|\.\d)/g,
    valid: (text) => ssn(text.replaceAll(/[ -]/g, '')).isValid,
    words: /\bssn|social.?sec|\bss#|\btin\b|tax.?payer/i,
    // A third of all numbers of nine digits pass for one.
    bare: /^\d{9}$|^\d{3} /,
  },
  {
    name: 'se-personnummer',
    digits: 10,
    pattern: /(?<![\w.+-])(?:19|20)?\d{6}[-+]?\d{4}(?![\w-]|\.\d)/g,
    valid: (text) => personnummer(text.replace(/(?<=\d)(?=\d{4}$)/, '-')).isValid,
    words: /person.?n(?:umme)?r|\bpnr\b/i,
    bare: /^\d+$/,
  },
  {
    name: 'fi-hetu',
    digits: 9,
    // Since 2023 B to F stand for this century too, and Y to U for the last one.
    pattern: /(?<![\w-])[0-3]\d[01]\d{3}[-+A-FU-Ya-fu-y]\d{3}[\dA-FHJ-NPR-Ya-fhj-npr-y](?![\w-])/g,
    valid: (text) =>
      hetu(
        text
          .toUpperCase()
          .replace(/^(\d{6})[B-F]/, '$1A')
          .replace(/^(\d{6})[U-Y]/, '$1-'),
      ).isValid,
    words: /hetu|henkil/i,
  },
  {
    name: 'br-cpf',
    digits: 11,
    pattern: /(?<![\w.+-])(?:\d{3}\.\d{3}\.\d{3}-\d\d|\d{9}-?\d\d)(?![\w-]|\.\d)/g,
    valid: checked(cpf),
    words: /\bcpf\b/i,
    bare: /^\d+$/,
  },
  {
    name: 'in-aadhaar',
    digits: 12,
    pattern: /(?<![\w.+-]|\d )[2-9]\d{3}([ -]?)\d{4}\1\d{4}(?![\w-]| \d|\.\d)/g,
    valid: (text) => aadhaar(text.replaceAll(/[ -]/g, '')).isValid,
    words: /aadh?aa?r|\buid(?:ai)?\b/i,
    bare: /^\d+$/,
  },
];

/** National identity numbers, each by its country's format and check digits. */
export const nationalIds: readonly Detector[] = ids.map(({ name, digits: least, pattern, valid, words, bare }) => ({
  name,
  shape: 'id',
  possible: ({ digits }) => digits >= least,
  find(text, hint, found) {
    eachMatch(pattern, text, found, ({ 0: match, index }) => {
      if (bare?.test(match) === true && !named(words, text, index, hint)) return;
      if (valid(match)) found(index, index + match.length);
    });
  },
}));
