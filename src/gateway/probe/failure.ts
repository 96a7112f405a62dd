import type { ErrorCode } from '../../core/errors.ts';
import type { ProbeAnswer, ProbeStep } from '../../core/probe.ts';
import type { Refusal } from '../../core/verdict.ts';
import type { Written } from './watched.ts';

/** Why a probe did not get to its end, and what can be done. */
export interface Failure {
  readonly step: ProbeStep;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const byStep: { readonly [step in ProbeStep]: readonly [code: ErrorCode, hint: string] } = {
  admit: ['INTERNAL', 'Look at the gateway’s log.'],
  resolve: ['TARGET_UNREACHABLE', 'Check the host’s name; the resolver of the gateway’s machine must know it.'],
  connect: [
    'TARGET_UNREACHABLE',
    'Check host and port, and that the gateway’s machine may reach them. Link-local, metadata and the gateway’s own addresses are never dialled.',
  ],
  encrypt: ['TARGET_FAULT', 'Check that TLS is spoken at this port, that the certificate names this host, and who vouches for it (tls).'],
  authenticate: ['TARGET_REFUSED', 'Check the credentials, and what the target lets them do.'],
  answer: ['TARGET_FAULT', 'The record of the session has what was said to the target and what it answered.'],
};

/** Null where the target answered, whatever it said: also "no such page" is an answer. */
export function failureOf(step: ProbeStep, answer: ProbeAnswer | Refusal, written: Written): Failure | null {
  if (answer.kind === 'refusal')
    return {
      step: 'admit',
      code: answer.code,
      message: answer.message,
      hint: `${answer.hint} A test is judged as what you would do yourself.`,
    };
  const { decision, outcome, end } = written;
  if (decision !== null && decision.verdict !== 'permitted' && decision.verdict !== 'approved')
    return {
      step,
      code: decision.code ?? 'ACCESS_REFUSED',
      message: decision.reason ?? 'Policy does not permit what was asked.',
      hint: 'The way to the target is in order. A test is judged as what you would do yourself: a policy must permit you the least there is.',
    };
  // RFC 9110 section 15.5.2: what the target says to whoever does not prove himself well.
  if (outcome?.tag === '401' || outcome?.tag === '403' || outcome?.tag === '407')
    return failed('authenticate', `The target answered ${answer.says}.`);
  if (outcome !== null && (outcome.status === 'ok' || outcome.tag !== null) && answer.kind === 'answered') return null;
  return failed(step, outcome?.error?.message ?? (end?.reason === undefined || answer.kind === 'answered' ? answer.says : end.reason));
}

function failed(step: ProbeStep, message: string): Failure {
  const [code, hint] = byStep[step];
  return { step, code, message, hint };
}
