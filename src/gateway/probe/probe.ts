import { Socket } from 'node:net';
import type { Dial, Greeting, SocketProtocol } from '../../core/protocol.ts';
import type { Principal } from '../../core/principal.ts';
import type { ProbeAnswer, ProbeStep } from '../../core/probe.ts';
import type { Refusal } from '../../core/verdict.ts';
import { addressesOf } from '../../wire/dial.ts';
import type { ConnectionSettings } from '../configuration/connections.ts';
import { converse, type House } from '../reception.ts';
import { type Failure, failureOf } from './failure.ts';
import { visitOnce } from './visit.ts';
import { watched, type Written } from './watched.ts';

/** One step of a probe, and how long it took; null where it is not over, or was not. */
export interface StepTaken {
  readonly step: ProbeStep;
  readonly ms: number | null;
}

/** What became of a probe. Plain data. */
export interface ProbeReport {
  /** Its session, which is on record as any other. */
  readonly session: string | null;
  readonly steps: readonly StepTaken[];
  /** What the target answered; null where it did not. */
  readonly says: string | null;
  /** Why the last of the steps was not reached, or not over; null where all is in order. */
  readonly failure: Failure | null;
}

const patienceMs = 45_000;
const mostSteps = 64;

/**
 * Tries a connection as a client of this principal would use it: admission, the way to the target, and the least that can be asked of it,
 * judged, masked and on record as everything. `told` hears of each step as it begins.
 */
export async function probe(
  connection: ConnectionSettings,
  principal: Principal,
  house: House,
  told: (steps: readonly StepTaken[]) => void,
): Promise<ProbeReport> {
  const { name } = connection.terms;
  const written: Written = { session: null, decision: null, outcome: null, end: null };
  const steps = new Steps(told);
  const stages = {
    ...house.stages,
    identify: async () => principal,
    recorder: watched(house.stages.recorder, written, () => steps.begin('resolve')),
  };
  const connections = new Map([[name, connection]]);
  const own: House = { ...house, stages, connections, dial: watchedDial(house.dial, steps), probed: (step) => steps.begin(step) };
  steps.begin('admit');
  const late = setTimeout(() => {
    if (written.session !== null) void house.sessions.stop(written.session, tooLate);
  }, patienceMs);
  const answer = await ask(connection, own).finally(() => clearTimeout(late));
  const failure = failureOf(steps.last, answer, written);
  return {
    session: written.session,
    steps: steps.end(),
    says: failure === null && answer.kind === 'answered' ? answer.says : null,
    failure,
  };
}

const tooLate = {
  code: 'TARGET_UNREACHABLE',
  message: `The test took longer than ${patienceMs / 1000} seconds.`,
  hint: 'Look at the last step.',
} as const;

function ask(connection: ConnectionSettings, house: House): Promise<ProbeAnswer | Refusal> {
  const { protocol, settings, terms } = connection;
  if (protocol.listener === 'web') return visitOnce(protocol.probe(settings), terms.name, clientAddress, house);
  return greetOnce(protocol, terms.name, house);
}

/** Where its sessions come from, as the record has it. */
const clientAddress = 'the gateway';

async function greetOnce(protocol: SocketProtocol<unknown>, name: string, house: House): Promise<ProbeAnswer | Refusal> {
  const { greeting, answered } = protocol.probe(name);
  let refused: Refusal | null = null;
  const overheard: Greeting<unknown> = {
    credential: { kind: 'token', token: 'probe' },
    connection: name,
    run: null,
    welcome: (session, target, mediate) => greeting.welcome(session, target, mediate),
    refuse: async (refusal) => {
      refused = refusal;
      greeting.close();
    },
    close: () => greeting.close(),
  };
  const client = { socket: new Socket(), address: clientAddress, tls: null, plaintext: true };
  await converse(overheard, client, protocol, house);
  return refused ?? answered;
}

/** The look-up is a step of its own here; what it finds is dialled, so that it cannot say otherwise meanwhile. */
function watchedDial(dial: Dial, steps: Steps): Dial {
  return async (host, port, signal, reading) => {
    steps.begin('resolve');
    const [address = host] = await addressesOf(host);
    steps.begin('connect');
    const socket = await dial(address, port, signal, reading);
    steps.begin('answer');
    return socket;
  };
}

class Steps {
  readonly #told: (steps: readonly StepTaken[]) => void;
  readonly #begun: { readonly step: ProbeStep; readonly at: number }[] = [];

  constructor(told: (steps: readonly StepTaken[]) => void) {
    this.#told = told;
  }

  get last(): ProbeStep {
    return this.#begun.at(-1)?.step ?? 'admit';
  }

  begin(step: ProbeStep): void {
    const last = this.#begun.at(-1);
    if (last?.step === step || this.#begun.length >= mostSteps) return;
    // Whatever else is opened while the target answers belongs to the answer.
    if (last?.step === 'answer' && ['resolve', 'connect'].includes(step)) return;
    // An open socket waits for the answer, unless its protocol has more to do first.
    const at = last?.step === 'answer' ? (this.#begun.pop()?.at ?? 0) : performance.now();
    this.#begun.push({ step, at });
    this.#told(this.#taken(null));
  }

  end(): readonly StepTaken[] {
    return this.#taken(performance.now());
  }

  #taken(endedAt: number | null): readonly StepTaken[] {
    return this.#begun.map(({ step, at }, index) => {
      const until = this.#begun[index + 1]?.at ?? endedAt;
      return { step, ms: until === null ? null : Math.round((until - at) * 10) / 10 };
    });
  }
}
