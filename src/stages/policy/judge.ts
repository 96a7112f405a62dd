import type { Action } from '../../core/action.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Verdict } from '../../core/verdict.ts';
import { decide } from './decide.ts';
import type { PolicySet } from './policy.ts';
import { Slices } from './slices.ts';
import { Verdicts } from './verdicts.ts';

/** The policy stage: fills `Stages.judge`. */
export interface PolicyJudge {
  /** Never throws: what cannot be evaluated is refused. */
  judge(circumstance: Circumstance, action: Action): Verdict;
}

/** Judges by the policies of a set, each exchange by its demands and its facts. */
export function createPolicy(set: PolicySet): PolicyJudge {
  const sliced = { set, slices: new Slices(set.policies.values()) };
  const verdicts = new Verdicts((circumstance, action) => decide(sliced, circumstance, action));
  return { judge: (circumstance, action) => verdicts.of(circumstance, action) };
}
