import type { ApprovalRequest } from './approval.ts';

/** From how many rows on an act is one whose effect must be read back. */
const manyRows = 1_000;

/**
 * Whether approving needs more than a press, as in the console: what changes the shape of things, what nobody could read, and what
 * touches many rows or nobody knows how many cannot be taken back, so whoever approves it says first what it is.
 */
export function needsReadBack({ effect, estimate }: Pick<ApprovalRequest, 'effect' | 'estimate'>): boolean {
  switch (effect) {
    case 'schema':
    case 'admin':
    case 'unknown':
      return true;
    case 'write':
      return estimate === null || estimate > manyRows;
    case 'read':
      return estimate !== null && estimate > manyRows;
    default:
      return effect satisfies never;
  }
}
