import { z } from 'zod';
import type { AuditItem, ExchangeFilter, ExchangeItem, Page, SessionFilter, SessionItem } from '../archive/items.ts';
import { effects } from '../core/action.ts';
import { type ErrorCode, errorCodes } from '../core/errors.ts';
import { type Approval, approvalStatuses } from '../stages/approvals/approval.ts';
import type { Missing } from '../stages/approvals/quorum.ts';
import type { PoliciesInForce } from '../stages/policy/keeper.ts';
import type { ConnectionItem } from './gateway-port.ts';
import type { Problem } from './problem.ts';

/** The schemas that the OpenAPI document names. */
export const components: z.core.$ZodRegistry<{ id?: string | undefined }> = z.registry<{ id?: string | undefined }>();

function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  components.add(schema, { id });
  return schema;
}

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
const time = () => z.string().describe('RFC 3339, UTC, with milliseconds');
const count = () => z.int().nonnegative();

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];
const verdicts = ['permitted', 'approved', 'refused', 'denied', 'expired'] as const;
const sessionStatuses = ['active', 'ended', 'interrupted', 'refused'] as const;
const exchangeStatuses = ['ok', 'error', 'skipped', 'refused', 'cut', 'active'] as const;

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

const exchange = named(
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

const connection = named(
  'Connection',
  z.object({
    name: z.string(),
    protocol: z.string(),
    recording: z.object({
      durability: z.enum(['write', 'fsync']),
      onFailure: z.enum(['stop', 'gap']),
      contentLimit: z.number().describe('Bytes of content kept for one exchange; what is over is counted and hashed'),
    }),
    retentionDays: z.number(),
  }),
);

const person = { issuer: z.string(), subject: z.string(), email: z.string().nullable() };

export const approval = named(
  'Approval',
  z.object({
    id: z.string().describe('UUIDv7'),
    status: z.enum(approvalStatuses),
    digest: z.string().describe('SHA-256 of all that the answer is bound to'),
    address: z.string().describe('Where people find it'),
    session: z.string(),
    connection: z.string(),
    protocol: z.string(),
    requester: z.object({ ...person, agent: z.string().nullable() }),
    run: z.string().nullable(),
    clientAddress: z.string(),
    action: z.string(),
    effect: z.enum(effects),
    demands: list(
      z.object({ action: z.string(), effect: z.enum(effects), object: z.object({ type: z.string(), name: z.string() }).nullable() }),
    ),
    text: z.string().describe('What was asked, from its beginning; hostile, so show it as text'),
    textLength: count().describe('Characters of the whole text'),
    parameters: list(z.string().nullable()).describe('Bind values as text, the first of them'),
    parameterCount: count(),
    estimate: z.number().nullable().describe('Rows that the target expects to be touched'),
    reasons: list(z.string()),
    policies: list(z.string()).describe('Those that ask'),
    policyVersion: z.string(),
    groups: list(z.string()).describe('Each needs a person of its own'),
    people: count().describe('How many people must say yes, at least'),
    missing: z.object({ groups: list(z.string()), people: count() }).describe('What is still needed'),
    waiting: z.boolean().describe('Whether the client waits for the answer, or must ask again'),
    createdAt: time(),
    waitUntil: time(),
    expiresAt: time().describe('No answer until then refuses it'),
    decisions: list(
      z.object({
        ...person,
        at: time(),
        decision: z.enum(['approve', 'deny']),
        reason: z.string().nullable(),
        groups: list(z.string()),
        via: z.enum(['api', 'slack']),
      }),
    ),
    endedAt: time().nullable(),
    ended: z.string().nullable().describe('What ended it'),
  }),
);

/** An approval as the API shows it. */
export type ApprovalItem = Approval & { readonly address: string; readonly missing: Missing; readonly waiting: boolean };

export const problemDocument = named(
  'Problem',
  z.object({
    type: z.string().describe('urn:chaperone:error:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(codes),
    hint: z.string(),
    errors: list(z.object({ parameter: z.string(), message: z.string() })).optional(),
  }),
);

const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: list(item), next: z.string().nullable().describe('The cursor of the next page; null on the last') });

export const sessionPage = page(session);
export const exchangePage = page(exchange);
export const auditPage = page(auditItem);
export const approvalPage = page(approval);
export const connectionList = z.object({ items: list(connection) });
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
export const alive = z.object({ status: z.literal('ok') });
export const ready = z.object({ status: z.literal('ready'), activeSessions: count() });

const text = (max = 500) => z.string().min(1).max(max).optional();
/** Normalised to UTC with milliseconds, the form in which the catalog keeps and compares times. */
const moment = z.iso
  .datetime({ offset: true, error: 'expected an RFC 3339 time such as 2026-01-31T08:00:00Z' })
  .transform((value) => new Date(value).toISOString())
  .optional();

export const noQuery = z.strictObject({});
const paging = {
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().min(1).max(1000).optional(),
};
export const pageQuery = z.strictObject(paging);
const period = { since: moment.describe('Inclusive'), until: moment.describe('Exclusive') };

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
  q: text(1000).describe('Found in what was asked or in the indexed part of what came back; case-insensitive'),
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

export const approvalQuery = z.strictObject({ status: z.enum(approvalStatuses).optional(), ...paging });
export const approvalAnswer = z.strictObject({
  decision: z.enum(['approve', 'deny']),
  reason: z.string().trim().max(1000).nullable().optional().describe('Told to whoever asked'),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('That of the approval that was looked at; an answer to another act does not count'),
});

export const nothing = z.strictObject({}).nullish();

export const loginIssuers = z.object({ items: list(z.object({ issuer: z.string() })) });
export const loginQuery = z.strictObject({
  issuer: text().describe('Where; the first of them by default'),
  return: text(2000).describe('The path of the console to go back to'),
});
/** What an issuer adds to the address is its own affair (RFC 6749 section 4.1.2: unrecognised parameters are ignored). */
export const callbackQuery = z.record(z.string().max(100), z.union([z.string().max(8000), z.array(z.string().max(8000)).max(10)]));
export const me = named(
  'Me',
  z.object({
    principal: z.object({
      subject: z.string(),
      issuer: z.string(),
      email: z.string().nullable(),
      groups: list(z.string()),
      agent: z.string().nullable(),
    }),
    roles: list(z.enum(['admin', 'auditor', 'reviewer'])),
    sees: z.enum(['all', 'own']).describe('Whose records: everybody’s, or their own'),
    signIn: z
      .object({
        csrf: z.string().describe('To be sent as the header chaperone-csrf with every request that changes something'),
        endsAt: time().describe('When one must sign in again whatever one does'),
        idleMs: count().describe('After how long without a request one must sign in again'),
      })
      .nullable()
      .describe('Null where a token speaks for the request and no cookie'),
  }),
);

export const liveQuery = z.strictObject({
  from: z.coerce.number().int().min(0).default(0).describe('The first sequence to be sent; Last-Event-ID goes before it'),
});
export const terminateBody = z
  .strictObject({ reason: z.string().trim().min(1).max(500).nullable().optional().describe('Told to the client, and on the trail') })
  .nullish();
export const receipt = named(
  'Receipt',
  z.object({
    stoppedAt: time()
      .nullable()
      .describe('When nothing more could cross; null where the session was over already, or is another gateway’s'),
    endedAt: time().nullable().describe('When its end was on record; null where that is not known yet'),
    lastSequence: count().nullable().describe('The last entry of its recording; null where that is not archived yet'),
    inFlight: list(
      z.object({
        id: z.string().describe('The exchange’s'),
        action: z.string(),
        text: z.string().describe('From its beginning'),
        reached: z.enum(['target', 'nothing']).describe('`target`: it had been sent, and what the target did with it is not known'),
        status: z.enum(exchangeStatuses),
      }),
    )
      .nullable()
      .describe('What had begun and not ended; null where that is not archived yet'),
    session,
  }),
);
export type Receipt = z.output<typeof receipt>;

export const exportQuery = z.strictObject({ format: z.enum(['ndjson']) });
export const sessionParams = z.object({ id: z.string().min(1).max(64) });

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Paging = 'limit' | 'cursor';
type Filter<Query extends z.ZodType> = Required<Omit<z.output<Query>, Paging>>;
type Defined<Type> = { [Key in keyof Type]-?: Exclude<Type[Key], undefined> };

/** Does not compile where a schema and the type it stands for say different things. */
void [
  true satisfies Equal<z.output<typeof session>, SessionItem>,
  true satisfies Equal<z.output<typeof exchange>, ExchangeItem>,
  true satisfies Equal<z.output<typeof auditItem>['event'], AuditItem['event']>,
  true satisfies Equal<keyof z.output<typeof auditItem>, keyof AuditItem>,
  true satisfies Equal<z.output<typeof sessionPage>, Page<SessionItem>>,
  true satisfies Equal<z.output<typeof connection>, ConnectionItem>,
  true satisfies Equal<z.output<typeof approval>, ApprovalItem>,
  true satisfies Equal<z.output<typeof policySet>, PoliciesInForce>,
  true satisfies Equal<Defined<z.output<typeof problemDocument>>, Defined<Problem>>,
  true satisfies Equal<Defined<Filter<typeof sessionQuery>>, Defined<SessionFilter>>,
  true satisfies Equal<Defined<Filter<typeof exchangeQuery>>, Defined<ExchangeFilter>>,
];
