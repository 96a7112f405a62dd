import { type ZodType, z } from 'zod';

const unitMs: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time, written as a whole number and a unit (`90s`, `10m`, `24h`, `7d`); parsed to milliseconds. */
export function duration(): ZodType<number, string> {
  return z
    .string()
    .regex(/^[1-9][0-9]{0,5}[smhd]$/, 'expected a duration: a whole number and s, m, h or d, for example 24h')
    .transform((text) => Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? Number.NaN));
}
