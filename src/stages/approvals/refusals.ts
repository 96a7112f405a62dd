import { type Refusal, refuse } from '../../core/verdict.ts';
import type { Approval, ApprovalStatus } from './approval.ts';

/** What is said to people who decide. */
export function mayNotDecide(message: string, hint: string): Refusal {
  return refuse('ACCESS_REFUSED', message, hint);
}

const states: { readonly [status in ApprovalStatus]: string } = {
  open: 'is still open',
  approved: 'has been approved already',
  used: 'has been approved and used already',
  denied: 'has been refused already',
  expired: 'has expired, which refuses it',
  withdrawn: 'was withdrawn',
};

/** Null where there is none. */
export function noLongerOpen(approval: Approval | null): Refusal {
  if (approval === null) return refuse('NOT_FOUND', 'There is no such approval, or you may not see it.', 'List those you may see.');
  const { status, ended } = approval;
  const why = ended === null ? '' : ` ${ended}`;
  return refuse('APPROVAL_CLOSED', `This ${states[status]}.${why}`, 'There is nothing left to decide; who still wants it must ask again.');
}

export function tooMany(limit: number): Refusal {
  return refuse(
    'TOO_MANY',
    `You have ${limit} questions open already, so people are not asked another one.`,
    'Wait until some are answered, or cancel them.',
  );
}
