import type { ApprovalDecision } from './approval.ts';

/** What is still missing before an approval is given; nothing is once both are empty and 0. */
export interface Missing {
  /** Groups that no person has answered for yet. */
  readonly groups: readonly string[];
  /** How many more people must say yes, at least. */
  readonly people: number;
}

/**
 * Each group needs a person of its own, whoever else that person stands for: one person in two groups answers for one of them.
 * `decisions` are of distinct people.
 */
export function missingFrom(
  groups: readonly string[],
  people: number,
  decisions: readonly Pick<ApprovalDecision, 'decision' | 'groups'>[],
): Missing {
  const yes = decisions.filter(({ decision }) => decision === 'approve');
  /** Which group each of `yes` answers for. */
  const answersFor = new Map<number, string>();
  const open = [...new Set(groups)].filter((group) => !seat(group, new Set()));
  return { groups: open, people: Math.max(open.length, people - yes.length, 0) };

  /** Finds a person for the group, and another group for whoever moves (a maximum matching by augmenting paths). */
  function seat(group: string, tried: Set<number>): boolean {
    for (const [person, decision] of yes.entries()) {
      if (tried.has(person) || !decision.groups.includes(group)) continue;
      tried.add(person);
      const held = answersFor.get(person);
      if (held !== undefined && !seat(held, tried)) continue;
      answersFor.set(person, group);
      return true;
    }
    return false;
  }
}
