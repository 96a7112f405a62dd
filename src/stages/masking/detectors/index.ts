import { card } from './card.ts';
import type { Detector } from './detector.ts';
import { email } from './email.ts';
import { iban } from './iban.ts';
import { ip } from './ip.ts';
import { nationalGroup } from './names.ts';
import { nationalIds } from './national-ids.ts';
import { phone } from './phone.ts';
import { secret } from './secrets.ts';

/** Every built-in detector; where two find the same place, the earlier one names it. */
export const detectors: readonly Detector[] = [secret, email, iban, card, ...nationalIds, phone, ip];

/** The detectors behind a name. */
export function detectorsNamed(name: string): readonly Detector[] {
  return name === nationalGroup ? nationalIds : detectors.filter((detector) => detector.name === name);
}
