import type { Action } from '../../core/action.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Verdict } from '../../core/verdict.ts';
import { decide, decideInTurns } from './decide.ts';
import { mayOnlyRead } from './only-reads.ts';
import type { PolicySet } from './policy.ts';
import { parsedName, Slices } from './slices.ts';
import { Verdicts } from './verdicts.ts';

/** The policy stage: fills `Stages.judge`. */
export interface PolicyJudge {
  /** Never throws: what cannot be evaluated is refused. */
  judge(circumstance: Circumstance, action: Action): Verdict;
  /** The same; a promise where there is so much to judge that it would hold up everybody else. */
  judgeInTurns(circumstance: Circumstance, action: Action): Verdict | Promise<Verdict>;
  /** Whether nothing but reads could ever be permitted there. */
  mayOnlyRead(circumstance: Circumstance): boolean;
  /** What must be done before this judge can answer as quickly what another has answered, step by step. */
  preparations(other: PolicyJudge): (() => void)[];
  /** The kinds of requests that were judged, as `preparations` takes them. */
  readonly slices: Slices;
}

/** Judges by the policies of a set, each exchange by its demands and its facts. */
export function createPolicy(set: PolicySet): PolicyJudge {
  const slices = new Slices(set.policies.values());
  const sliced = { set, slices };
  const verdicts = new Verdicts();
  const atOnce = (circumstance: Circumstance, action: Action) => decide(sliced, circumstance, action);
  const inTurns = (circumstance: Circumstance, action: Action) => decideInTurns(sliced, circumstance, action);
  return {
    judge: (circumstance, action) => verdicts.of(circumstance, action, atOnce),
    judgeInTurns: (circumstance, action) => verdicts.of(circumstance, action, inTurns),
    mayOnlyRead: (circumstance) => mayOnlyRead(set, circumstance),
    preparations: (other) =>
      other.slices.kinds().map((kind) => () => void parsedName(slices.of(kind.connection, kind.action, kind.effect))),
    slices,
  };
}
