import type { MaskAction } from './action.ts';
import { decimal, type Pseudonyms } from './pseudonyms.ts';

const whole = /^-?\d{1,19}$/;
const plainDecimal = /^(-?)(\d{1,60})(?:\.(\d{1,60}))?$/;

/** A whole number masked: the fixed one is 0, the partial one keeps its first third of digits. Fits the type that the number came from. */
export function maskInteger(text: string, action: MaskAction, pseudonyms: Pseudonyms): string | null {
  if (action === 'null') return null;
  if (!whole.test(text) || action === 'redact') return '0';
  return action === 'partial' ? leading(text) : (pseudonyms.integer(text) ?? '0');
}

/** A decimal or floating-point number masked, its scale kept. What is not written in plain decimal digits becomes 0. */
export function maskDecimal(text: string, action: MaskAction, pseudonyms: Pseudonyms): string | null {
  if (action === 'null') return null;
  const [, minus = '', digits = '', fraction = ''] = plainDecimal.exec(text) ?? [];
  const scaled = (number: string, rest: string) => (fraction === '' ? number : `${number}.${rest}`);
  if (digits === '' || action === 'redact') return scaled('0', '0'.repeat(fraction.length));
  if (action === 'partial') return scaled(leading(minus + digits), '0'.repeat(fraction.length));
  const significant = fraction.replace(/0+$/, '');
  // Equal numbers of any scale have the same pseudonym, which fits any `numeric(p,s)` that they fit.
  const ofWhole = significant === '' ? pseudonyms.digits(minus + digits) : null;
  if (ofWhole !== null) return scaled(ofWhole, '0'.repeat(fraction.length));
  const canonical = `${minus}${digits.replace(/^0+(?=\d)/, '')}.${significant}`;
  const made = decimal(pseudonyms.digest('decimal', canonical), digits.length + significant.length);
  return `${minus}${scaled(made.slice(0, digits.length), made.slice(digits.length).padEnd(fraction.length, '0'))}`;
}

/** A number of either sort, as JSON has them. */
export function maskNumber(text: string, action: MaskAction, pseudonyms: Pseudonyms): string | null {
  return whole.test(text) ? maskInteger(text, action, pseudonyms) : maskDecimal(text, action, pseudonyms);
}

function leading(number: string): string {
  const minus = number.startsWith('-') ? '-' : '';
  const digits = number.slice(minus.length).replace(/^0+(?=\d)/, '');
  const kept = Math.floor(digits.length / 3);
  return kept === 0 ? '0' : minus + digits.slice(0, kept).padEnd(digits.length, '0');
}
