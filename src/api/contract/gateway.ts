import { z } from 'zod';
import type { DraftFindings } from '../../stages/policy/draft.ts';
import type { PoliciesInForce } from '../../stages/policy/keeper.ts';
import type { BacktestFindings } from '../backtest/run.ts';
import type { Problem } from '../problem.ts';
import { codes, count, type Defined, type Equal, list, named, paging, time, moment, text } from './pieces.ts';

export const problemDocument = named(
  'Problem',
  z.object({
    type: z.string().describe('urn:chaperone:error:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(codes),
    hint: z.string(),
    errors: list(
      z.object({
        parameter: z.string(),
        message: z.string(),
        from: count().optional().describe('Where in the parameter, in UTF-16 units'),
        until: count().optional(),
        instead: z.string().nullable().optional().describe('What may have been meant there'),
      }),
    ).optional(),
  }),
);

export const policySet = z.object({
  version: z.string(),
  since: time().describe('When it came into force'),
  author: z.string(),
  items: list(
    z.object({
      id: z.string(),
      effect: z.enum(['permit', 'forbid']),
      reason: z.string().nullable(),
      approval: z.string().nullable().describe('The group that can lift it'),
      breakGlass: z.string().nullable().describe('The group that can pass it by giving a reason'),
      file: z.string().describe('Within the folder of the policies'),
      line: count(),
    }),
  ),
  problems: list(z.object({ file: z.string(), line: count(), message: z.string(), remedy: z.string() })).describe(
    'Why what the folder holds now is not in force; empty where it is',
  ),
});
const keptVersion = z.object({ version: z.string(), since: time(), author: z.string(), files: list(z.string()) });
export const policyVersions = z.object({ items: list(keptVersion).describe('Those that were ever in force, the newest first') });
export const policyVersion = keptVersion.extend({ texts: list(z.object({ name: z.string(), text: z.string() })) });
export const versionParams = z.object({ version: z.string().regex(/^[0-9a-f]{12}$/) });
export const policyDraft = z.strictObject({
  files: z
    .array(
      z.strictObject({
        name: z
          .string()
          .max(200)
          .regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*\.cedar$/, 'expected a path within the folder that ends in .cedar'),
        text: z.string().max(500_000),
      }),
    )
    .max(500),
});
export const draftFindings = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sound'), version: z.string(), policies: list(z.string()) }),
  z.object({
    kind: z.literal('unsound'),
    problems: list(z.object({ file: z.string(), line: count(), message: z.string(), remedy: z.string() })),
  }),
]);
const problems = list(z.object({ file: z.string(), line: count(), message: z.string(), remedy: z.string() }));
export const policyTest = policyDraft.extend({
  since: moment.describe('Sessions begun then or later'),
  until: moment,
  connection: text(),
  user: text().describe('Subject or e-mail'),
});
const judgement = z.enum(['permitted', 'asked', 'refused']);
export const testFindings = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('unsound'), problems }),
  z.object({
    kind: z.literal('tested'),
    version: z.string(),
    sessions: count(),
    judged: count(),
    notJudged: count().describe('Recorded by another version, or on a connection that is not configured any more'),
    complete: z.boolean().describe('Whether all was judged; where not, the newest sessions were'),
    changes: list(
      z.object({
        was: judgement,
        now: judgement,
        connection: z.string(),
        user: z.string(),
        agent: z.string().nullable(),
        action: z.string(),
        text: z.string(),
        policies: list(z.string()).describe('Those that would decide'),
        message: z.string().nullable().describe('What the client would be told'),
        count: count(),
        first: z.string().describe('The first of them, an exchange’s id'),
      }),
    ).describe('The newly permitted first; alike ones of one person are one'),
  }),
]);
export const alive = z.object({ status: z.literal('ok') });
export const ready = z.object({ status: z.literal('ready'), activeSessions: count() });

export const noQuery = z.strictObject({});
export const sessionExchangesQuery = z.strictObject({
  from: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The first page begins at the exchange of this ordinal'),
  ...paging,
});
export const exportQuery = z.strictObject({
  format: z.enum(['ndjson', 'har', 'patch', 'asciicast']),
  exchange: z.coerce.number().int().min(1).optional().describe('This exchange alone'),
});
export const sessionParams = z.object({ id: z.string().min(1).max(64) });

void [
  true satisfies Equal<z.output<typeof policySet>, PoliciesInForce>,
  true satisfies Equal<z.output<typeof draftFindings>, DraftFindings>,
  true satisfies Equal<z.output<typeof testFindings>, BacktestFindings>,
  true satisfies Equal<Defined<z.output<typeof problemDocument>>, Defined<Problem>>,
];
