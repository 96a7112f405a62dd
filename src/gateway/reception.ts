import { type Arrival, admit } from '../core/admit.ts';
import type { SessionEnd } from '../core/entry.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import { createId } from '../core/identifier.ts';
import { mediate } from '../core/mediate.ts';
import type { ProbeStep } from '../core/probe.ts';
import type { Client, Dial, Greeting, SocketProtocol } from '../core/protocol.ts';
import type { Ending, Session } from '../core/session.ts';
import { noTimeouts, type Stages } from '../core/stages.ts';
import { refuse } from '../core/verdict.ts';
import type { ConnectionSettings } from './configuration/connections.ts';
import type { OpenSessions } from './sessions.ts';
import { Undecided } from './undecided.ts';

/** What became of a client that came; `challenged` is one that was asked for a token and has no session. */
export const admissionOutcomes = ['admitted', 'refused', 'challenged'] as const;
export type AdmissionOutcome = (typeof admissionOutcomes)[number];

/** What every listener shares. */
export interface House {
  readonly stages: Stages;
  /** Those that there are now: between two looks one may have been changed. */
  readonly connections: ReadonlyMap<string, ConnectionSettings>;
  readonly sessions: OpenSessions;
  readonly dial: Dial;
  /** Hears what is begun on the way to a target, where a connection is tried. */
  readonly probed?: (step: ProbeStep) => void;
  /** The folder that a connection's protocol may keep things in. */
  readonly folderOf: (connection: ConnectionSettings) => string;
  readonly now: () => number;
  readonly log: (line: string) => void;
  /** Whether new sessions are taken; false once the gateway drains. */
  readonly open: () => boolean;
  /** Counts an admission by its outcome. */
  readonly counted: (protocol: string, outcome: AdmissionOutcome) => void;
}

export const closed = refuse('SHUTTING_DOWN', 'The gateway is shutting down and takes no new sessions.', 'Connect again in a moment.');

/** Receives one client: every greeting it makes becomes a session, admitted or refused. Never rejects. */
export async function receive(client: Client, protocol: SocketProtocol<unknown>, house: House): Promise<void> {
  const conversations: Promise<void>[] = [];
  try {
    for await (const greeting of protocol.accept(client)) conversations.push(converse(greeting, client, protocol, house));
  } catch (fault) {
    house.log(`a client from ${client.address} was dropped: ${messageOf(fault)}`);
    client.socket.destroy();
  }
  await Promise.all(conversations);
}

/** Makes a session of a greeting, admitted or refused. Never rejects. */
export async function converse(
  greeting: Greeting<unknown>,
  client: Client,
  protocol: SocketProtocol<unknown>,
  house: House,
): Promise<void> {
  try {
    if (!house.open()) return await greeting.refuse(closed);
    const connection = house.connections.get(greeting.connection);
    const own = connection?.protocol.name === protocol.name ? connection : null;
    const admitted = await admit(arrivalOf(greeting, client, protocol, house), own?.terms ?? null, house.stages);
    house.counted(protocol.name, admitted.kind === 'admitted' ? 'admitted' : 'refused');
    if (admitted.kind === 'refusal' || own === null) return await greeting.refuse(admitted.kind === 'refusal' ? admitted : closed);
    await runSession(admitted.session, greeting, own, house);
  } catch (fault) {
    house.log(`a session could not be opened: ${messageOf(fault)}`);
    const code = fault instanceof ChaperoneError ? fault.code : 'INTERNAL';
    await greeting.refuse(refuse(code, 'Chaperone cannot open a session now.', 'Try again; if it stays so, tell whoever runs Chaperone.'));
  }
}

/** A session whose connection became another one while it was admitted. */
export function changedMeanwhile(name: string): Ending {
  return { code: 'SESSION_TERMINATED', message: `The connection "${name}" was changed or removed just now.`, hint: 'Connect again.' };
}

function arrivalOf(greeting: Greeting<unknown>, client: Client, protocol: SocketProtocol<unknown>, house: House): Arrival {
  const { credential, connection, run } = greeting;
  const startedAt = house.now();
  return { id: createId(startedAt), credential, connection, run, protocol: protocol.name, clientAddress: client.address, startedAt };
}

async function runSession(session: Session, greeting: Greeting<unknown>, connection: ConnectionSettings, house: House): Promise<void> {
  const { settings, terms } = connection;
  const target = {
    settings,
    dial: house.dial,
    folder: house.folderOf(connection),
    timeouts: terms.timeouts ?? noTimeouts,
    probed: house.probed,
  };
  const undecided = new Undecided();
  house.sessions.add(session, connection.terms.outliveToken);
  if (house.connections.get(terms.name) !== connection) session.stop(changedMeanwhile(terms.name));
  try {
    const end = await greeting
      .welcome(session, target, (exchange) => undecided.note(mediate(session, exchange, house.stages)))
      .catch((fault: unknown): SessionEnd => {
        house.log(`session ${session.facts.id} ended by a fault: ${messageOf(fault)}`);
        return { status: 'ended', reason: `a fault inside Chaperone: ${messageOf(fault)}` };
      });
    await undecided.settled();
    await session.record.end(end);
  } finally {
    house.sessions.remove(session.facts.id);
    greeting.close();
  }
}
