import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Action, Demand } from '../../core/action.ts';
import { messageOf } from '../../core/errors.ts';
import type { Circumstance } from '../../core/stages.ts';
import { type Grounds, permit, type Refusal, refuse, type Verdict } from '../../core/verdict.ts';
import { glassDetail, passesGlass } from './break-glass.ts';
import { evaluate, type Finding, requestOf } from './evaluate.ts';
import type { Policy, PolicySet } from './policy.ts';
import { forbidden, notPermitted, waitsInVain, wordsFor } from './refusals.ts';
import type { Slices } from './slices.ts';
import { undeclared } from './vocabulary.ts';

/** A policy set with the slices of it. */
export interface Sliced {
  readonly set: PolicySet;
  readonly slices: Slices;
}

/** Each demand costs an evaluation, 0.14 to 0.27 ms where policies can tell objects apart. */
const mostDemands = 1_000;
/** So many are evaluated before all else on this thread has its turn: 200 took 42 ms of the processor at once, and take 2 ms at most so. */
const demandsATurn = 6;

/** Judges without remembering. Never throws: what cannot be evaluated is refused. */
export function decide(sliced: Sliced, circumstance: Circumstance, action: Action): Verdict {
  const deciding = inTurns(sliced, circumstance, action);
  for (;;) {
    const { done, value } = deciding.next();
    if (done === true) return value;
  }
}

/** The same; a promise where there is so much to judge that it would hold up everybody else. */
export function decideInTurns(sliced: Sliced, circumstance: Circumstance, action: Action): Verdict | Promise<Verdict> {
  const deciding = inTurns(sliced, circumstance, action);
  const { done, value } = deciding.next();
  return done === true ? value : finish(deciding);
}

async function finish(deciding: Generator<undefined, Verdict>): Promise<Verdict> {
  for (;;) {
    await oneTurn();
    const { done, value } = deciding.next();
    if (done === true) return value;
  }
}

let line: Promise<void> = Promise.resolve();

/** Whoever wants one waits for those who came before: in each turn of the loop one of them goes on. */
function oneTurn(): Promise<void> {
  line = line.then(() => nextTurn());
  return line;
}

/** Yields where others should have their turn. */
function* inTurns(sliced: Sliced, circumstance: Circumstance, action: Action): Generator<undefined, Verdict> {
  const { set, slices } = sliced;
  try {
    const odd = undeclared(action, set.vocabulary);
    if (odd !== null) return fault(set, { policies: [], detail: odd });
    const demands = distinctDemands(action.demands, circumstance, slices);
    if (demands.length > mostDemands) return tooMany(set, demands.length);
    const findings: DemandFinding[] = [];
    for (const [index, demand] of demands.entries()) {
      if (demands.length > demandsATurn && index % demandsATurn === 0) yield;
      const finding = judgeDemand(sliced, circumstance, action, demand);
      if (finding.kind === 'failed') return fault(set, finding);
      findings.push(finding);
    }
    return combine(set, circumstance, findings);
  } catch (thrown) {
    return fault(set, { policies: [], detail: messageOf(thrown) });
  }
}

type Failed = Extract<Finding, { kind: 'failed' }>;

/** What became of one demand. */
interface DemandFinding {
  readonly kind: 'permitted' | 'refused';
  readonly demand: Demand;
  readonly permits: readonly string[];
  /** Those that forbid it; where it is permitted all the same, they are lifted or a person can lift them. */
  readonly forbids: readonly Policy[];
}

function judgeDemand({ set, slices }: Sliced, circumstance: Circumstance, action: Action, demand: Demand): DemandFinding | Failed {
  const declared = set.vocabulary.get(demand.action)?.effect ?? null;
  const request = requestOf(circumstance, action.facts, demand, declared);
  const slice = slices.of(circumstance.connection, demand.action, demand.effect);
  const finding = evaluate(slice, request);
  if (finding.kind === 'failed') return finding;
  if (finding.kind === 'permitted') return { kind: 'permitted', demand, permits: finding.policies, forbids: [] };
  const forbids = finding.policies.flatMap((id) => set.policies.get(id) ?? []);
  const final = forbids.filter((policy) => !passesGlass(policy, circumstance) && policy.approval === null);
  if (forbids.length === 0 || final.length > 0)
    return { kind: 'refused', demand, permits: [], forbids: final.length > 0 ? final : forbids };
  // All that forbid it can be lifted; Cedar names every one that applies, so what is left to ask are the permits.
  const lifted = evaluate(slice.permits, request);
  if (lifted.kind === 'failed') return lifted;
  if (lifted.kind === 'forbidden') return { kind: 'refused', demand, permits: [], forbids: [] };
  return { kind: 'permitted', demand, permits: lifted.policies, forbids };
}

function combine(set: PolicySet, circumstance: Circumstance, findings: readonly DemandFinding[]): Verdict {
  const refused = findings.filter(({ kind }) => kind === 'refused');
  const [first] = refused;
  if (first !== undefined) {
    const grounds = groundsOf(set, refused);
    return first.forbids.length > 0
      ? forbidden(first.demand, circumstance, first.forbids, grounds)
      : notPermitted(first.demand, circumstance, grounds);
  }
  const grounds = groundsOf(set, findings);
  const passed = distinct(findings.flatMap(({ forbids }) => forbids.filter((policy) => passesGlass(policy, circumstance))));
  const asking = distinct(findings.flatMap(({ forbids }) => forbids.filter((policy) => !passed.includes(policy))));
  if (asking.length === 0) return permit(grounds, null, passed.length === 0 ? null : glassDetail(passed, circumstance));
  const connecting = findings.find(({ demand }) => demand.action === 'connect');
  if (connecting) return waitsInVain(connecting.demand, circumstance, asking, grounds);
  const asked = findings.find(({ forbids }) => forbids.some((policy) => asking.includes(policy)));
  return {
    kind: 'question',
    what: asked === undefined ? 'This' : wordsFor(asked.demand, circumstance),
    rules: asking.map(({ id }) => id),
    groups: distinct(asking.flatMap(({ approval }) => approval ?? [])),
    reasons: distinct(asking.flatMap(({ reason }) => reason ?? [])),
    grounds,
  };
}

function groundsOf({ version }: PolicySet, findings: readonly DemandFinding[]): Grounds {
  const policies = distinct(findings.flatMap(({ permits, forbids }) => [...permits, ...forbids.map(({ id }) => id)]));
  return { policies: policies.toSorted(), version };
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}

/** One of each that the policies can tell apart: most sets give one answer for all tables of a statement. */
function distinctDemands(demands: readonly Demand[], { connection }: Circumstance, slices: Slices): Demand[] {
  const keyed = demands.map((demand): [string, Demand] => {
    const { action, effect, object } = demand;
    const { seesObjects } = slices.of(connection, action, effect);
    return [JSON.stringify([action, ...(seesObjects ? [object?.type, object?.name] : [])]), demand];
  });
  // The first of those that are alike is the one that is named.
  return [...new Map(keyed.toReversed()).values()].toReversed();
}

function tooMany({ version }: PolicySet, count: number): Refusal {
  return refuse(
    'ACCESS_REFUSED',
    `This touches ${count} things at once, and policy is asked about ${mostDemands} of them at most.`,
    'Send it in smaller parts.',
    { grounds: { policies: [], version } },
  );
}

function fault({ version }: PolicySet, { policies, detail }: Omit<Failed, 'kind'>): Refusal {
  return refuse(
    'POLICY_FAULT',
    'The policies could not be evaluated, so the request is refused.',
    'Tell whoever writes the policies; the record says which one failed.',
    { grounds: { policies, version }, detail },
  );
}
