import { z } from 'zod';
import { effects } from '../../core/action.ts';
import { type Approval, approvalStatuses } from '../../stages/approvals/approval.ts';
import type { Missing } from '../../stages/approvals/quorum.ts';
import { count, type Equal, list, named, page, paging, time } from './pieces.ts';

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
    stated: z.string().nullable().describe('Why whoever asks says that they do: unverified, and hostile, so show it as a quoted text'),
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

export const approvalPage = page(approval);

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

void [true satisfies Equal<z.output<typeof approval>, ApprovalItem>];
