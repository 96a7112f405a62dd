import type { MaskAction } from './action.ts';
import type { Pseudonyms } from './pseudonyms.ts';

export type TimeKind = 'date' | 'time' | 'timestamp' | 'interval';

const fixed: { readonly [kind in TimeKind]: string } = {
  date: '1970-01-01',
  time: '00:00:00',
  timestamp: '1970-01-01 00:00:00',
  interval: '00:00:00',
};
const zone = /(?<=:\d\d(?:\.\d{1,6})?)[+-]\d\d(?::\d\d){0,2}$/;
const from = Date.UTC(1900, 0, 1);
const days = 73_000;

/** A point in time masked: another that is valid. The partial one keeps the decade, the pseudonym lies between 1900 and 2100. */
export function maskTime(text: string, action: MaskAction, kind: TimeKind, pseudonyms: Pseudonyms): string | null {
  if (action === 'null') return null;
  const zoned = kind === 'time' || kind === 'timestamp' ? zone.exec(text) : null;
  const suffix = zoned === null ? '' : '+00';
  if (action === 'redact' || kind === 'interval') return fixed[kind] + suffix;
  if (action === 'partial') return decade(text, kind) + suffix;
  const digest = pseudonyms.digest('time', text);
  const at = new Date(from + (digest.readUIntBE(0, 6) % days) * 86_400_000 + (digest.readUInt32BE(8) % 86_400) * 1_000).toISOString();
  const [date, clock] = [at.slice(0, 10), at.slice(11, 19)];
  return `${kind === 'date' ? date : kind === 'time' ? clock : `${date} ${clock}`}${suffix}`;
}

function decade(text: string, kind: TimeKind): string {
  const start = /^\d{3}(?=\d-\d\d-\d\d)/.exec(text)?.[0];
  // 0000 is no year, and a year before Christ would turn into one after.
  return start === undefined || start === '000' || kind === 'time' || text.endsWith('BC')
    ? fixed[kind]
    : start + fixed[kind].replace(/^\d{4}/, '0');
}
