import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createId } from '../../src/core/identifier.ts';
import type { Approval } from '../../src/stages/approvals/approval.ts';
import { ApprovalStore } from '../../src/stages/approvals/store.ts';
import { approvalOf } from '../../src/stages/approvals/testing.ts';

export interface WrittenApprovals {
  /** The state folder of a gateway that runs: what it did not ask itself under the policies in force it withdraws at its start. */
  readonly state: string;
  readonly issuer: string;
  readonly session: string;
  readonly open: number;
  readonly over: number;
}

/** No more of one person may be open at once. */
const mostOfOne = 20;
const hourMs = 3_600_000;

/** Writes questions to the group of the DBAs: first those that wait, and then as many as are over, so that these are the newer ones. */
export function writeApprovals({ state, issuer, session, open, over }: WrittenApprovals): void {
  const { version } = JSON.parse(readFileSync(join(state, 'policies', 'current.json'), 'utf8')) as { readonly version: string };
  const store = new ApprovalStore(join(state, 'approvals.db'));
  const began = Date.now() - hourMs;
  const one = (at: number): Approval => {
    const created = began + at * 500;
    const text = `DELETE FROM orders WHERE customer_id = ${at} AND status = 'cancelled'`;
    const subject = `person-${Math.floor(at / mostOfOne)}`;
    const times = { createdAt: created, waitUntil: created + hourMs, expiresAt: created + 24 * hourMs };
    return approvalOf({
      id: createId(created),
      digest: at.toString(16).padStart(64, '0'),
      session,
      protocol: 'postgres',
      action: 'postgres:delete',
      requester: { issuer, subject, email: `${subject}@example.test`, agent: 'cursor' },
      policyVersion: version,
      text,
      textLength: text.length,
      ...Object.fromEntries(Object.entries(times).map(([name, time]) => [name, new Date(time).toISOString()])),
    });
  };
  try {
    for (let at = 0; at < open; at += 1) store.save(one(at));
    for (let at = open; at < open + over; at += 1) {
      const { expiresAt, ...asked } = one(at);
      store.save({ ...asked, expiresAt, status: 'expired', endedAt: asked.createdAt, ended: 'Nobody answered in time.' });
    }
  } finally {
    store.close();
  }
}
