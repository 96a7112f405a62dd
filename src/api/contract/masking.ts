import { z } from 'zod';
import type { MaskedLately } from '../../archive/masked-counts.ts';
import { valueKinds } from '../../core/masking.ts';
import { maskActions } from '../../stages/masking/action.ts';
import type { TrialOrder, Tried } from '../../stages/masking/trial.ts';
import { count, type Equal, list, moment, time } from './pieces.ts';

const action = z.enum(maskActions);
const connections = list(z.string()).nullable().describe('Null for all');

const recent = z.object({
  since: time(),
  complete: z.boolean().describe('Whether all of the time was looked through; where not, the newest of it was'),
  rules: list(
    z.object({
      rule: z.string().describe('The entry of the configuration, such as columns[0]; or limit, lineage, words'),
      detector: z.string().nullable().describe('The detector or pattern; null for a rule by column'),
      exchanges: count(),
      values: count(),
      lastAt: time(),
    }),
  ),
});

export const maskingInForce = z.object({
  configured: z.boolean().describe('Whether the configuration has the section masking at all'),
  columns: list(z.object({ rule: z.string(), column: z.string(), action })),
  detectors: list(z.object({ rule: z.string(), detect: list(z.string()), connections, action })),
  patterns: list(z.object({ rule: z.string(), name: z.string(), pattern: z.string(), connections, action })),
  originals: list(z.string()).describe('The public keys that what is masked is sealed to; none where originals are not kept'),
  detectorNames: list(z.string()).describe('What a rule of detectors may name'),
  recent,
});
export const maskingQuery = z.strictObject({ since: moment.describe('What was masked since then is counted; 7 days by default') });

const longestText = 65_536;
const mostColumns = 200;
const mostRules = 20;
const word = z.string().max(1_200);
const words = z.strictObject({ kind: z.enum(['text', 'document']), text: z.string().max(longestText) });
const row = z.strictObject({
  kind: z.literal('row'),
  columns: z
    .array(
      z.strictObject({
        name: z.string().max(200),
        kind: z.enum(valueKinds).default('text'),
        origin: z.enum(['column', 'computed', 'none', 'unknown']).default('unknown'),
        source: z.string().max(600).default('').describe('schema.table.column, where it comes from one'),
        value: z.string().max(longestText).nullable(),
      }),
    )
    .min(1)
    .max(mostColumns)
    .readonly(),
});
const rules = <Shape extends z.ZodRawShape>(shape: Shape) => z.array(z.strictObject(shape)).max(mostRules).default([]).readonly();

export const maskingTrial = z.strictObject({
  connection: z.string().min(1).max(100),
  sample: z.discriminatedUnion('kind', [words, row]),
  draft: z
    .strictObject({
      columns: rules({ column: word, action: word }),
      detectors: rules({ detect: z.array(word).max(50), action: word }),
      patterns: rules({ name: word, pattern: word, action: word }),
    })
    .default({ columns: [], detectors: [], patterns: [] })
    .describe('Rules to be tried beside those in force; checked as the configuration’s are'),
});

export const maskingTried = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('unsound'),
    problems: list(
      z.object({
        at: z.string().describe('patterns[0].pattern, or row[0].source'),
        message: z.string(),
        from: count().nullable().describe('From which character on, in UTF-16 units'),
      }),
    ),
  }),
  z.object({
    kind: z.literal('tried'),
    covered: z.boolean().describe('Whether anything of the connection is masked at all'),
    shown: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('text'),
        text: z.string().nullable(),
        withheld: z.enum(['columns', 'places']).nullable().describe('Whose rules cannot be followed into words'),
      }),
      z.object({ kind: z.literal('row'), values: list(z.string().nullable()) }),
    ]),
    masked: list(
      z.object({
        rule: z.string(),
        column: z.string().nullable(),
        detector: z.string().nullable(),
        count: count(),
        draft: z.boolean().describe('Whether the rule is the draft’s'),
      }),
    ),
  }),
]);

void [
  true satisfies Equal<z.output<typeof recent>, MaskedLately>,
  true satisfies Equal<z.output<typeof maskingTried>, Tried>,
  true satisfies Equal<z.output<typeof maskingTrial>['sample'], TrialOrder['sample']>,
];
