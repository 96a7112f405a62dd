import { z } from 'zod';
import type { RunDetail, RunFilter, RunItem, StoryItem } from '../../archive/run-items.ts';
import { effects } from '../../core/action.ts';
import { count, type Defined, type Equal, type Filter, list, moment, named, page, paging, period, text, time } from './pieces.ts';
import { exchange, session } from './record.ts';

const kinds = ['refused', 'denied', 'expired', 'approved', 'undecided', 'failed'] as const;

const run = named(
  'Run',
  z.object({
    id: z.string(),
    name: z.string().nullable().describe('As its sessions name it; null where they name none'),
    principal: z.object({ issuer: z.string(), subject: z.string(), email: z.string().nullable() }),
    agents: list(z.string()),
    connections: list(z.string()),
    startedAt: time(),
    endedAt: time().nullable().describe('When its last session ended; null while one goes on'),
    lastAt: time().describe('When something of it was last on record'),
    sessions: count(),
    activeSessions: count(),
    turnedAway: count().describe('Sessions that were refused'),
    counts: z.object({
      exchanges: count(),
      permitted: count(),
      approved: count(),
      refused: count().describe('By policy'),
      denied: count().describe('By a person'),
      expired: count().describe('Because nobody answered'),
      undecided: count().describe('Not decided yet'),
      failed: count().describe('Permitted or approved, and refused or failed by the target'),
      masked: count().describe('Exchanges whose replies had something masked'),
      gaps: count().describe('Sessions of whose record something is missing'),
    }),
  }),
);

const exception = z.object({
  kind: z.enum(kinds),
  exchange,
  aftermath: z
    .object({
      kind: z.enum(['again', 'same', 'nothing']).describe('again: the very same request; same: the same object'),
      next: exchange.nullable(),
      afterMs: count().nullable(),
      count: count().describe('Later exchanges on the same object within ten minutes'),
    })
    .nullable()
    .describe('What the run did next on the same object, within ten minutes; null where too much followed to look through all'),
  workedAround: z
    .boolean()
    .describe('Barred, and then the same object was reached by at least the same effect without anybody being asked'),
});

export const runDetail = named(
  'RunDetail',
  run.extend({
    summary: z.string().describe('One sentence, counted'),
    spans: z.object({ from: time(), until: time(), count: count() }).describe('The equal spans of time that lanes count in'),
    lanes: list(
      z.object({
        connection: z.string(),
        protocol: z.string(),
        exchanges: count(),
        counts: list(count()).describe('One for each span'),
        exceptions: list(z.object({ exchange: z.string(), at: time(), kind: z.enum(kinds) })),
      }),
    ),
    exceptions: list(exception).describe('What did not simply pass, in order of time; the first 200, or as many as were asked for'),
    moreExceptions: count(),
    newestSessions: list(session).describe('The newest 200'),
  }),
);

const storyItem = named(
  'StoryItem',
  z.object({
    kind: z.enum(['passed', ...kinds]),
    connection: z.string(),
    action: z.string(),
    effect: z.enum(effects),
    count: count(),
    startedAt: time(),
    endedAt: time(),
    objects: list(z.string()).describe('The first five'),
    moreObjects: count(),
    exchange: z.string().describe('The first of them'),
    text: z.string().describe('What the first one asked, from its beginning'),
  }),
);

export const runPage = page(run);
export const storyPage = page(storyItem);
export const runParams = z.object({ id: z.string().min(1).max(64) });
export const runDetailQuery = z.strictObject({
  exceptions: z.coerce.number().int().min(0).max(200).optional().describe('How many of its exceptions at most'),
});
export const runPageQuery = z.strictObject({ since: moment.describe('From this time on'), ...paging });
export const runQuery = z.strictObject({
  user: text().describe('Subject or e-mail'),
  agent: text(),
  name: text().describe('As its sessions name it'),
  connection: text(),
  status: z.enum(['active', 'ended']).optional(),
  exceptional: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .describe('With an exchange that was barred, approved or failed, or a session that was turned away'),
  ...period,
  ...paging,
});

void [
  true satisfies Equal<z.output<typeof runDetail>, RunDetail>,
  true satisfies Equal<z.output<typeof run>, RunItem>,
  true satisfies Equal<z.output<typeof storyItem>, StoryItem>,
  true satisfies Equal<Defined<Filter<typeof runQuery>>, Defined<RunFilter>>,
];
