import { z } from 'zod';
import type { AuditFilter, AuditItem, ExchangeFilter, ExchangeItem, Page, SessionFilter, SessionItem } from '../../archive/items.ts';
import type { Facets, FoundPage } from '../../archive/search-items.ts';
import { effects } from '../../core/action.ts';
import {
  codes,
  count,
  type Defined,
  type Equal,
  exchangeStatuses,
  type Filter,
  list,
  named,
  page,
  paging,
  period,
  text,
  time,
  verdicts,
} from './pieces.ts';

const sessionStatuses = ['active', 'ended', 'interrupted', 'refused'] as const;

const token = z.object({
  jti: z.string().nullable(),
  sha256: z.string().describe('SHA-256 of the token, lower-case hex; the token itself is never kept'),
  expiresAt: time(),
});

const principal = z.object({
  subject: z.string(),
  issuer: z.string(),
  email: z.string().nullable(),
  groups: list(z.string()),
  agent: z.string().nullable().describe('The agent acting for the person; null for a person alone'),
  actors: list(z.string()),
  token,
});

export const session = named(
  'Session',
  z.object({
    id: z.string().describe('UUIDv7'),
    connection: z.string(),
    protocol: z.string(),
    principal: principal.nullable().describe('Null where no token could be verified'),
    run: z.string().nullable(),
    clientAddress: z.string(),
    startedAt: time(),
    endedAt: time().nullable(),
    status: z.enum(sessionStatuses),
    reason: z.string().nullable().describe('What ended or refused it; null while active'),
    verdict: z.enum(verdicts),
    code: z.enum(codes).nullable(),
    detail: z.string().nullable().describe('What only the record says about the verdict'),
    policies: list(z.string()),
    policyVersion: z.string(),
    exchanges: count(),
    refused: count(),
    bytesToTarget: count(),
    bytesToClient: count(),
    recording: z.enum(['complete', 'gap']),
  }),
);

export const exchange = named(
  'Exchange',
  z.object({
    id: z.string().describe('<session>/<ordinal>'),
    session: z.string(),
    connection: z.string(),
    ordinal: count(),
    startedAt: time(),
    durationMs: z.number().nullable().describe('Null while it goes on'),
    action: z.string(),
    effect: z.enum(effects),
    objects: list(z.object({ type: z.string(), name: z.string() })),
    text: z.string(),
    parameters: list(z.string().nullable()).nullable().describe('Bind values as text, in order'),
    verdict: z.enum(verdicts).nullable(),
    reason: z.string().nullable(),
    policies: list(z.string()),
    approval: z.string().nullable(),
    rows: z.number().nullable(),
    bytes: count(),
    withheld: z
      .object({ bytes: count(), sha256: list(z.string()) })
      .nullable()
      .describe('Content that was counted and hashed instead of kept'),
    masked: list(
      z.object({
        rule: z.string().describe('The entry of the configuration, such as columns[0]'),
        column: z.string().nullable().describe('The result’s column; null for free text'),
        detector: z.string().nullable().describe('The detector or pattern; null for a rule by column'),
        count: count(),
      }),
    )
      .nullable()
      .describe('What was masked in the reply; null where nothing was'),
    status: z.enum(exchangeStatuses),
    tag: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    cut: list(z.enum(['text', 'parameters', 'objects', 'search'])).describe(
      'What of this the catalog does not hold whole; the recording does',
    ),
  }),
);

const auditItem = named(
  'AuditEvent',
  z.object({
    id: z.string(),
    at: time(),
    event: z.string().describe('<noun>.<verb>'),
    actor: z.string(),
    detail: z.record(z.string(), z.json()),
  }),
);

export const sessionPage = page(session);
export const exchangePage = page(exchange);
export const foundPage = exchangePage.extend({
  lookedBackTo: time()
    .nullable()
    .describe(
      'Where a page ends before it is full although there may be more: so far back it was looked in the time there is; next goes on',
    ),
});
const counted = z.object({
  count: count().describe('How many were found and counted'),
  complete: z.boolean().describe('Whether all were looked through; where not, the newest were counted, down to since'),
  since: time().nullable().describe('When the oldest of them began'),
  until: time().nullable().describe('When the newest of them began'),
  gaps: count().describe('Sessions among theirs whose record has gaps'),
  facets: list(
    z.object({
      field: z.string(),
      values: list(z.object({ value: z.string().nullable(), count: count() })).describe('Most frequent first, 20 at most'),
      more: count().describe('How many other values there are'),
    }),
  ),
  histogram: list(z.object({ at: time(), count: count(), exceptional: count() })).describe('Equal spans from since to until'),
});
export const facets = named(
  'Facets',
  counted.extend({
    indexedTo: time()
      .nullable()
      .describe('Up to when everything on record is in the index; null where the archive does not say how far behind it is'),
  }),
);
export const queryFields = z.object({
  items: list(
    z.object({
      name: z.string(),
      synonyms: list(z.string()),
      kind: z.enum(['word', 'words', 'asked', 'found', 'count', 'size', 'duration', 'time', 'enum', 'flag']),
      says: z.string(),
      values: list(z.string()).describe('All that it can be, where that is known'),
    }),
  ),
});
export const auditPage = page(auditItem);

export const sessionQuery = z.strictObject({
  user: text().describe('Subject or e-mail'),
  agent: text(),
  run: text(),
  connection: text(),
  protocol: text(),
  status: z.enum(sessionStatuses).optional(),
  ...period,
  ...paging,
});

export const exchangeQuery = z.strictObject({
  q: text(2000).describe('A query: words and "phrases" found in what was asked or came back, and filters such as verdict:refused took:>1s'),
  session: text(),
  connection: text(),
  verdict: z.enum(verdicts).optional(),
  effect: z.enum(effects).optional(),
  action: text(),
  object: text(),
  status: z.enum(exchangeStatuses).optional(),
  ...period,
  ...paging,
});

const { limit: _limit, cursor: _cursor, ...narrowing } = exchangeQuery.shape;
export const auditQuery = z.strictObject({
  event: text().describe('recording.read, or recording. for all that begins so'),
  actor: text().describe('Found in who did it'),
  session: text().describe('What it is about'),
  ...period,
  ...paging,
});
export const recordingQuery = z.strictObject({
  from: z.coerce.number().int().min(0).optional().describe('The first sequence'),
  limit: z.coerce.number().int().min(1).max(100_000).optional().describe('How many lines at most'),
  exchange: z.coerce.number().int().min(0).optional().describe('The lines of this exchange alone'),
});
export const facetQuery = z.strictObject(narrowing);

/** Does not compile where a schema and the type it stands for say different things. */
void [
  true satisfies Equal<z.output<typeof session>, SessionItem>,
  true satisfies Equal<z.output<typeof exchange>, ExchangeItem>,
  true satisfies Equal<z.output<typeof auditItem>['event'], AuditItem['event']>,
  true satisfies Equal<keyof z.output<typeof auditItem>, keyof AuditItem>,
  true satisfies Equal<z.output<typeof sessionPage>, Page<SessionItem>>,
  true satisfies Equal<z.output<typeof foundPage>, FoundPage>,
  true satisfies Equal<z.output<typeof counted>, Facets>,
  true satisfies Equal<Defined<Filter<typeof sessionQuery>>, Defined<SessionFilter>>,
  true satisfies Equal<Defined<Filter<typeof exchangeQuery>>, Defined<ExchangeFilter>>,
  true satisfies Equal<Defined<Filter<typeof auditQuery>>, Defined<AuditFilter>>,
];
