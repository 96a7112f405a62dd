const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * What somebody types for a time, as the API takes it: a day or a minute in the reader's zone, or how long before now, `-24h`, as in
 * queries. What it does not know it leaves as it is, for the API to say what it expects.
 */
export function momentOf(typed: string, zone: 'local' | 'utc', now: number): string {
  const before = /^-(\d{1,6})([mhdw])$/i.exec(typed);
  if (before !== null) return inUtc(now - Number(before[1]) * (unitsMs[(before[2] ?? '').toLowerCase()] ?? 0)) ?? typed;
  const local = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?$/i.exec(typed);
  if (local === null) return typed;
  return inUtc(Date.parse(`${local[1] ?? ''}T${local[2] ?? '00:00'}${zone === 'utc' ? 'Z' : ''}`)) ?? typed;
}

function inUtc(at: number): string | null {
  return Number.isNaN(at) ? null : new Date(at).toISOString().replace('.000Z', 'Z');
}
