/** A number with a unit, by what the unit stands for; null where it is none. */
function scaled(text: string, units: { readonly [unit: string]: number }): number | null {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,6})?)([A-Za-z]*)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const factor = units[unit.toLowerCase()];
  return factor === undefined ? null : Number(digits) * factor;
}

const counts = { '': 1, k: 1e3, m: 1e6 };
const sizes = { '': 1, b: 1, k: 1e3, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 };
const spans = { '': 1, ms: 1, s: 1e3, m: 6e4, h: 36e5 };
const ages = { m: 6e4, h: 36e5, d: 864e5, w: 7 * 864e5 };

export const readCount = (text: string) => scaled(text, counts);
export const readSize = (text: string) => scaled(text, sizes);
export const readDuration = (text: string) => scaled(text, spans);

/** The time that a text names, from its first moment to the first after it: a day, a minute, or one moment. In UTC. */
export interface NamedTime {
  readonly from: number;
  /** Null for what is counted back from now: one moment, with no end of its own. */
  readonly until: number | null;
}

/** `-24h`, `today`, `2026-11-22`, `2026-11-22T10:00Z`; null where it is no time. */
export function readTime(text: string, now: number): NamedTime | null {
  const [, age] = /^-(.+)$/.exec(text) ?? [];
  const back = age === undefined ? null : scaled(age, ages);
  if (back !== null) return { from: now - back, until: null };
  if (text.toLowerCase() === 'now') return { from: now, until: null };
  if (text.toLowerCase() === 'today') return dayOf(now);
  const [, date, minutes, rest = '', zone = ''] =
    /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/i.exec(text) ?? [];
  if (date === undefined) return null;
  const from = Date.parse(
    minutes === undefined ? `${date}T00:00:00Z` : `${date}T${minutes}${rest === '' ? ':00' : rest}${zone === '' ? 'Z' : zone}`,
  );
  if (Number.isNaN(from)) return null;
  return { from, until: from + (minutes === undefined ? 864e5 : rest === '' ? 6e4 : rest.includes('.') ? 1 : 1e3) };
}

function dayOf(now: number): NamedTime {
  const from = Math.floor(now / 864e5) * 864e5;
  return { from, until: from + 864e5 };
}
