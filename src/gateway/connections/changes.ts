import type { JsonObject } from '../../core/json.ts';
import type { Ending } from '../../core/session.ts';
import type { Composed } from './draft.ts';
import { leavesOf } from './places.ts';
import { canonical } from './seal.ts';

/** The settings that a change touches, by their places; never what stands in them. */
export function changesBetween(before: JsonObject | null, { plain, given }: Composed): readonly string[] {
  const [old, now] = [leavesOf(before ?? {}), leavesOf(plain)];
  const differ = [...new Set([...old.keys(), ...now.keys()])].filter((place) => canonical(old.get(place)) !== canonical(now.get(place)));
  return [...new Set([...differ, ...given])].sort();
}

/** Whether sessions that are open may not go on: they lead elsewhere, by other credentials, or are understood or recorded otherwise than is wanted now. */
export function endsSessions(before: JsonObject | null, { plain, given }: Composed): boolean {
  if (before === null || given.length > 0) return true;
  return ['protocol', 'target', 'credentials', 'recording'].some((key) => canonical(before[key]) !== canonical(plain[key]));
}

export function endingBy(name: string, what: 'changed' | 'removed', by: string): Ending {
  const hint = what === 'changed' ? 'Connect again; it may lead elsewhere now.' : 'Ask the person for whom you work before you go on.';
  return { code: 'SESSION_TERMINATED', message: `The connection "${name}" was ${what} by ${by}, and this session ends with it.`, hint };
}
