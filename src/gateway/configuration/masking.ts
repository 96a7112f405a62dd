import type { z } from 'zod';
import type { MaskingSettings } from '../../stages/masking/settings.ts';
import { check } from './issues.ts';
import { nearest } from '../../wire/nearest.ts';
import type { Place, Report } from './problem.ts';

export type MaskingSchema = z.ZodType<MaskingSettings>;

/** Loaded only where it is needed: what detectors stand on takes its time, and 56 MB. So does what knows public keys, with 23 MB. */
export async function loadMaskingSchema(section: unknown = null): Promise<MaskingSchema> {
  const { maskingSchema } = await import('../../stages/masking/settings.ts');
  if (typeof section !== 'object' || section === null || !('originals' in section)) return maskingSchema;
  const { recipientProblem } = await import('../../stages/originals/recipients.ts');
  return maskingSchema.superRefine(({ originals }, context) => {
    for (const [index, recipient] of (originals?.recipients ?? []).entries()) {
      const message = recipientProblem(recipient);
      if (message !== null) context.addIssue({ code: 'custom', message, path: ['originals', 'recipients', index] });
    }
  });
}

/** What the section says; null where it has a mistake. */
export function checkMasking(
  schema: MaskingSchema,
  value: unknown,
  connections: ReadonlySet<string> | null,
  report: Report,
): MaskingSettings | null {
  const section = check(schema, value, ['masking'], report);
  if (section === null || connections === null) return section;
  for (const [index, { column }] of section.columns.entries())
    if (column.connection !== null) checkName(column.connection, connections, ['masking', 'columns', index, 'column'], report);
  for (const kind of ['detectors', 'patterns'] as const)
    for (const [index, rule] of section[kind].entries())
      for (const [place, name] of (rule.connections ?? []).entries())
        checkName(name, connections, ['masking', kind, index, 'connections', place], report);
  return section;
}

/** The connections that rules name. */
export function namesIn(section: MaskingSettings | null): ReadonlySet<string> {
  if (section === null) return new Set();
  const { columns, detectors, patterns } = section;
  const listed = [...detectors, ...patterns].flatMap((rule) => rule.connections ?? []);
  return new Set([...columns.flatMap(({ column }) => column.connection ?? []), ...listed]);
}

/** A rule for a connection that is not there masks nothing, and its writer believes it does. */
function checkName(name: string, connections: ReadonlySet<string>, place: Place, report: Report): void {
  if (connections.has(name)) return;
  const meant = nearest(name, [...connections]);
  const known = connections.size === 0 ? 'There are none.' : `There are: ${[...connections].join(', ')}.`;
  report(place, `there is no connection "${name}" to mask`, meant === null ? known : `Did you mean "${meant}"?`);
}
