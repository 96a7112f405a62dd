import type { Random } from '../../../test/rig/random.ts';
import { type Literal, literalsOf, shapeOf } from '../shape.ts';

/** Values that mean something somewhere: names of functions, tables and settings, words of options, ordinals, widths. */
const pool = {
  text: `|x|it's|0|1|true|off|on|analyze|verbose|csv|json|pg_catalog|public|public.users|users|orders|search_path|role|session_authorization|
    restrict_nonsystem_relation_kind|view|select 1|delete from orders|begin end|1 day|{1,2}|now|upper|$$|--|/*|reading|prepared_delete|/etc/passwd|intruder`
    .replace(/\n\s+/g, '')
    .split('|'),
  integer: ['0', '1', '2', '3', '5', '007', '24', '53', '131072', '999999999'],
  decimal: ['0.0', '1.0', '1.5', '00.50', '24.0', '12345678901234567890.123456789'],
} as const satisfies Record<Literal['kind'], readonly string[]>;

/** The text with other values of its literals; null where it has no shape. */
export function withOtherLiterals(text: string, random: Random): string | null {
  if (shapeOf(text) === null) return null;
  let varied = '';
  let taken = 0;
  for (const { at, kind, value } of literalsOf(text)) {
    const other = random.pick(pool[kind]);
    const written = (literal: string) => (kind === 'text' ? `'${literal.replaceAll("'", "''")}'` : literal);
    varied += text.slice(taken, at) + written(other);
    taken = at + written(value).length;
  }
  return varied + text.slice(taken);
}
