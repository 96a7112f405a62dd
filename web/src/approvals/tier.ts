import type { Approval, Effect } from '../api/types.ts';
import { words } from '../text.ts';

/** From how many rows on an act is one whose effect must be read back. */
const manyRows = 1_000;

/**
 * Whether approving needs more than a press. What changes the shape of things, what nobody could read, and what touches many rows or
 * nobody knows how many cannot be taken back, so whoever approves it says first what it is.
 */
export function needsReadBack({ effect, estimate }: Pick<Approval, 'effect' | 'estimate'>): boolean {
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

/** What the act does in one line, from what the gateway read in its bytes. */
export function effectLine(approval: Approval): string {
  return words.effectLine(approval.effect, namesOf(approval), approval.connection, approval.estimate, approval.action.replace(/^.*:/, ''));
}

/** Three effects of which one is the act's, in an order that differs from act to act. */
export function readBackChoices(approval: Approval): readonly { readonly text: string; readonly isTrue: boolean }[] {
  const effects: readonly Effect[] = [
    approval.effect,
    ...(['read', 'write', 'schema', 'admin'] as const).filter((effect) => effect !== approval.effect),
  ];
  const seed = Number.parseInt(approval.digest.slice(0, 6), 16);
  const turn = seed % 3;
  const choices = effects.slice(0, 3).map((effect) => ({
    text: words.effectLine(effect, namesOf(approval), approval.connection, approval.estimate, ''),
    isTrue: effect === approval.effect,
  }));
  return [...choices.slice(turn), ...choices.slice(0, turn)];
}

function namesOf({ demands }: Approval): readonly string[] {
  return [...new Set(demands.flatMap(({ object }) => (object === null ? [] : [object.name])))];
}
