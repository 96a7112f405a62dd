import { z } from 'zod';
import { maskActions } from './action.ts';
import { readColumn } from './column-name.ts';
import { detectorNames } from './detectors/names.ts';
import { patternProblem } from './patterns.ts';

/** YAML reads an unquoted null as no value at all; here it is the word. */
const action = z
  .literal([...maskActions, null], {
    error: ({ input }) =>
      input === undefined ? undefined : `${JSON.stringify(input)} is no action; write redact, partial, pseudonym or null`,
  })
  .meta({ description: 'redact, partial, pseudonym or null' })
  .transform((word) => word ?? 'null')
  .meta({ description: 'what is done: redact, partial, pseudonym or null' });

const connections = z
  .array(z.string().min(1))
  .min(1, 'is empty; name a connection, or leave it out for all')
  .optional()
  .meta({ description: 'the connections it is for; all where it is not said' });

const column = z
  .string()
  .max(600)
  .transform((text, context) => {
    const read = readColumn(text);
    if (typeof read !== 'string') return { text, ...read };
    context.addIssue({ code: 'custom', message: read, input: text });
    return z.NEVER;
  })
  .meta({
    description:
      'connection:schema.table.column, identifiers as in SQL and * for any; or connection:/name/name for places in JSON documents',
  });

const columnRule = z.strictObject({ column, action });

const detectorRule = z.strictObject({
  detect: z.array(z.enum(detectorNames)).min(1, 'is empty; name a detector').meta({ description: 'what is looked for in every value' }),
  connections,
  action,
});

const pattern = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    const problem = patternProblem(source);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem.message, input: source, params: { from: problem.from } });
  });

const patternRule = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'is no name of a pattern; write up to 40 lower-case letters, digits and -, beginning with a letter')
    .refine((name) => !detectorNames.includes(name), 'is the name of a detector; choose another')
    .meta({ description: 'what the record and [redacted:name] call it' }),
  pattern: pattern.meta({ description: 'a regular expression in the syntax of RE2' }),
  action,
  connections,
});

/** The section `masking`. */
export const maskingSchema = z
  .strictObject({
    columns: z.array(columnRule).default([]).meta({ description: 'rules by column, which follow it into whatever is computed from it' }),
    detectors: z.array(detectorRule).default([]).meta({ description: 'rules by what a value looks like' }),
    patterns: z
      .array(patternRule)
      .superRefine((rules, context) => {
        for (const [index, { name }] of rules.entries())
          if (rules.findIndex((rule) => rule.name === name) < index)
            context.addIssue({
              code: 'custom',
              message: `"${name}" is there twice; give each pattern its own name`,
              path: [index, 'name'],
            });
      })
      .default([])
      .meta({ description: 'rules by regular expressions of your own' }),
    originals: z
      .strictObject({
        recipients: z
          .array(z.string().min(1).max(4_000))
          .min(1, 'is empty; name the public key of an auditor')
          .max(16)
          .meta({ description: "auditors' public keys, as age-keygen shows them" }),
      })
      .optional()
      .meta({ description: 'keeps what is masked, sealed to auditors; where it is not said, originals are kept nowhere' }),
  })
  .meta({ description: 'what is masked in results and in the record' });

export type MaskingSettings = z.output<typeof maskingSchema>;
