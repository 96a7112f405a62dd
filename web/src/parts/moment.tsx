import { usePreferences, type Zone } from '../shell/preferences.tsx';

type Precision = 'day' | 'minute' | 'second' | 'millisecond' | 'clock';

/** A moment in the reader's zone, or in UTC; the other one and the milliseconds stand in its title. */
export function Moment({ at, precision = 'second' }: { readonly at: string | number; readonly precision?: Precision }) {
  const { zone } = usePreferences();
  const date = new Date(at);
  const other = zone === 'utc' ? 'local' : 'utc';
  return (
    <time dateTime={date.toISOString()} title={`${written(date, 'millisecond', zone)} · ${written(date, 'millisecond', other)}`}>
      {written(date, precision, zone)}
    </time>
  );
}

/** `2026-11-27 22:14:03`, in the order that sorts, and never ambiguous. */
export function written(date: Date, precision: Precision, zone: Zone): string {
  const parts = zone === 'utc' ? utcParts(date) : localParts(date);
  const [year, month, day, hour, minute, second, millisecond] = parts.map((part, place) =>
    String(part).padStart(place === 0 ? 4 : place === 6 ? 3 : 2, '0'),
  );
  const tail = zone === 'utc' ? 'Z' : '';
  const clock = `${hour}:${minute}:${second}`;
  switch (precision) {
    case 'day':
      return `${month}-${day} ${clock}${tail}`;
    case 'minute':
      return `${year}-${month}-${day} ${hour}:${minute}${tail}`;
    case 'second':
      return `${year}-${month}-${day} ${clock}${tail}`;
    case 'millisecond':
      return `${year}-${month}-${day} ${clock}.${millisecond}${tail}${zone === 'utc' ? '' : offsetOf(date)}`;
    case 'clock':
      return `${clock}${tail}`;
    default:
      return precision satisfies never;
  }
}

function localParts(date: Date): number[] {
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return [...day, date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds()];
}

function utcParts(date: Date): number[] {
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  return [...day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), date.getUTCMilliseconds()];
}

function offsetOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '−' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/** `17 m 29 s`, `3.2 s`, `41 ms`. */
export function lasting(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} m` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const unitsOf = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `0 B`, `12.4 kB`. */
export function sized(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < unitsOf.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unitsOf[unit] ?? ''}`;
}
