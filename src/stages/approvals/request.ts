import type { Act } from '../../core/exchange.ts';
import type { Session } from '../../core/session.ts';
import type { Question } from '../../core/verdict.ts';
import { type ApprovalRequest, shownLimits } from './approval.ts';
import { beginning, cut } from './visible.ts';

/** What people are shown of an act, but for the target's estimate. Drawn from what was decoded; what the agent says of it stands apart. */
export function requestOf(question: Question, { facts, principal }: Session, act: Act, digest: string): Omit<ApprovalRequest, 'estimate'> {
  const { action, parameters, stated } = act;
  const { subject, issuer, email, agent } = principal;
  return {
    digest,
    session: facts.id,
    connection: facts.connection,
    protocol: facts.protocol,
    requester: { issuer, subject, email, agent },
    run: facts.run,
    clientAddress: facts.clientAddress,
    action: action.name,
    effect: action.effect,
    demands: action.demands,
    text: beginning(action.text, shownLimits.text),
    textLength: action.text.length,
    parameters: parameters.slice(0, shownLimits.parameters).map((cell) => (cell === null ? null : cut(cell, shownLimits.parameter))),
    parameterCount: parameters.length,
    stated: stated?.text ? cut(stated.text, shownLimits.stated) : null,
    reasons: question.reasons,
    policies: question.rules,
    policyVersion: question.grounds.version,
    groups: [...new Set(question.groups)].sort(),
  };
}
