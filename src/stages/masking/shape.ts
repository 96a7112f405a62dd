import { card } from './detectors/card.ts';
import type { Detector, Shape } from './detectors/detector.ts';
import { email } from './detectors/email.ts';
import { iban } from './detectors/iban.ts';
import { ip } from './detectors/ip.ts';
import { phone } from './detectors/phone.ts';
import { traitsOf } from './detectors/traits.ts';

/** Without a space in it. */
const single: readonly Detector[] = [email, ip];
/** In groups, and digits for the most part. */
const numeric: readonly Detector[] = [iban, card, phone];

/** The shape of a value that is one thing as a whole. It decides what a partial form and a pseudonym look like, never whether to mask. */
export function shapeOf(text: string): Shape | 'text' {
  if (text.length > 100) return 'text';
  const { digits, word, signs } = traitsOf(text);
  const traits = { digits, word, signs };
  const whole =
    (text.includes(' ') ? undefined : single.find((detector) => detector.possible(traits) && isWhole(detector, text))) ??
    (digits * 3 < text.length ? undefined : numeric.find((detector) => detector.possible(traits) && isWhole(detector, text)));
  if (whole !== undefined) return whole.shape;
  return digits * 2 > text.length ? 'id' : 'text';
}

function isWhole(detector: Detector, text: string): boolean {
  let whole = false;
  detector.find(text, detector.name, (start, end) => {
    if (start === 0 && end === text.length) whole = true;
  });
  return whole;
}
