import { plainAction } from './action.ts';
import { openCrossing } from './crossing.ts';
import { decisionOf } from './decision.ts';
import type { SessionFacts } from './entry.ts';
import { messageOf } from './errors.ts';
import { Seal } from './originals.ts';
import type { Principal } from './principal.ts';
import { maskingOf } from './session-masking.ts';
import type { RecordingTerms, SessionRecord } from './recorder.ts';
import type { Ending, Session } from './session.ts';
import type { Circumstance, ConnectionTerms, Credential, Stages } from './stages.ts';
import { type Permit, type Refusal, refuse, type Verdict } from './verdict.ts';

/** What stands at the door: a greeting's claims and what the listener knows. */
export interface Arrival {
  readonly id: string;
  readonly credential: Credential;
  readonly connection: string;
  readonly run: string | null;
  /**
   * What a refused session is on record under. At a listener that several protocols share it is the listener's name: whoever
   * may not connect must not learn from his own refused session which protocol the connection speaks, or that there is one.
   */
  readonly protocol: string;
  readonly clientAddress: string;
  readonly startedAt: number;
}

export interface Admitted {
  readonly kind: 'admitted';
  readonly session: Session;
}

const connect = plainAction('connect', 'unknown', 'connect');

/** How long the refusal of a stranger is kept: what no connection owns has no retention of its own. */
const refusedRetentionDays = 90;
const refusedTerms: RecordingTerms = { durability: 'write', onFailure: 'stop', contentLimit: 0 };

/**
 * Lets an arrival in, or not: identity, then policy on `connect`. Either way there is a session on record. A client that
 * may not connect learns nothing of which connections exist: the answer and the work are the same.
 */
export async function admit(arrival: Arrival, terms: ConnectionTerms | null, stages: Stages): Promise<Admitted | Refusal> {
  const principal = await stages.identify(arrival.credential).catch(faulty);
  if ('kind' in principal) return turnAway(arrival, null, principal, stages);
  const verdict = await judgeConnect(stages, { principal, connection: arrival.connection, run: arrival.run });
  if (verdict.kind === 'refusal') return turnAway(arrival, principal, verdict, stages);
  if (terms === null) {
    const { grounds } = verdict;
    return turnAway(arrival, principal, { ...noAccess(arrival.connection), grounds, detail: 'no such connection' }, stages);
  }
  try {
    return await openSession(arrival, principal, verdict, terms, stages);
  } catch (fault) {
    return unrecordable(fault);
  }
}

/** The one answer to whoever may not connect, whether or not there is such a connection. */
function noAccess(connection: string): Refusal {
  return refuse(
    'ACCESS_REFUSED',
    `You may not connect to "${connection}", or there is no such connection.`,
    'Check the connection name; if it is right, ask for a policy that permits one of your groups to connect.',
  );
}

async function judgeConnect(stages: Stages, circumstance: Circumstance): Promise<Permit | Refusal> {
  let verdict: Verdict;
  try {
    verdict = await stages.judge(circumstance, connect);
  } catch (fault) {
    return faulty(fault);
  }
  if (verdict.kind === 'permit') return verdict;
  const { grounds } = verdict;
  if (verdict.kind === 'question')
    return { ...noAccess(circumstance.connection), grounds, detail: 'connect itself cannot wait for approval' };
  if (verdict.code !== 'ACCESS_REFUSED') return verdict;
  return { ...noAccess(circumstance.connection), grounds, detail: verdict.detail ?? verdict.message };
}

async function turnAway(arrival: Arrival, principal: Principal | null, refusal: Refusal, stages: Stages): Promise<Refusal> {
  const facts = factsOf(arrival, principal, refusal, refusedRetentionDays);
  try {
    const record = stages.recorder.open(facts, refusedTerms, () => {});
    await record.end({ status: 'refused', reason: refusal.message });
  } catch (fault) {
    return { ...refusal, detail: `${refusal.detail ?? ''} (not on record: ${messageOf(fault)})` };
  }
  return refusal;
}

async function openSession(
  arrival: Arrival,
  principal: Principal,
  permit: Permit,
  terms: ConnectionTerms,
  stages: Stages,
): Promise<Admitted> {
  const controller = new AbortController();
  const stop = (ending: Ending) => controller.abort(ending);
  const facts = factsOf({ ...arrival, protocol: terms.protocol }, principal, permit, terms.retentionDays);
  const circumstance = { principal, connection: arrival.connection, run: arrival.run };
  const masking = maskingOf(stages, circumstance);
  const seal = masking === null || !stages.originals ? null : new Seal(stages.originals, await stages.originals.key());
  const onFault = (fault: Error) => stop(unrecorded(fault));
  let record: SessionRecord;
  try {
    record = stages.recorder.open(facts, terms.recording, onFault, seal);
  } catch (fault) {
    seal?.close();
    throw fault;
  }
  const channel: Session['channel'] = (ends) => openCrossing(record, 0, ends);
  const onlyReads = stages.mayOnlyRead?.(circumstance) ?? false;
  return { kind: 'admitted', session: { facts, principal, record, permit, onlyReads, masking, channel, signal: controller.signal, stop } };
}

function factsOf(arrival: Arrival, principal: Principal | null, verdict: Permit | Refusal, retentionDays: number): SessionFacts {
  const { id, connection, protocol, run, clientAddress, startedAt } = arrival;
  return { id, connection, protocol, principal, run, clientAddress, startedAt, retentionDays, decision: decisionOf(verdict) };
}

/** Without a record there is no session, and no record of the refusal either. */
function unrecordable(fault: unknown): Refusal {
  const message = 'The gateway cannot record now, so it takes no sessions.';
  return refuse('RECORDER_FAULT', message, 'Tell whoever runs Chaperone; it takes sessions again once it can record.', {
    detail: messageOf(fault),
  });
}

function unrecorded(fault: Error): Ending {
  return {
    code: 'RECORDER_FAULT',
    message: `The record could not be written (${fault.message}), so nothing more may cross.`,
    hint: 'Tell whoever runs Chaperone; the gateway refuses until it can record again.',
  };
}

function faulty(fault: unknown): Refusal {
  return refuse(
    'INTERNAL',
    'Chaperone could not decide whether to let you in, so it does not.',
    'Try again; if it stays so, tell whoever runs Chaperone.',
    {
      detail: messageOf(fault),
    },
  );
}
