import { join } from 'node:path';
import type { Principal } from '../core/principal.ts';
import type { Protocol } from '../core/protocol.ts';
import type { Stages } from '../core/stages.ts';
import { dial, type Place } from '../wire/dial.ts';
import type { Certificate } from './certificate.ts';
import type { Configuration } from './configuration/configuration.ts';
import type { ConnectionSettings } from './configuration/connections.ts';
import { type Listener, openListener } from './listener.ts';
import { probe, type ProbeReport, type StepTaken } from './probe/probe.ts';
import type { AdmissionOutcome, House } from './reception.ts';
import { OpenSessions } from './sessions.ts';
import { openWebListener } from './web-listener.ts';

export interface GatewayParts {
  /** Its connections are looked at for each session. */
  readonly configuration: Configuration;
  readonly protocols: ReadonlyMap<string, Protocol<unknown>>;
  readonly stages: Stages;
  readonly certificate: Certificate | null;
  /** Where the gateway listens besides its protocols' listeners: never dialled for a client. */
  readonly console: Place | null;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** The data plane: its listeners and the sessions that came by them. */
export interface Gateway {
  /** By protocol name, or `web`, with the ports that were really opened. */
  readonly listeners: ReadonlyMap<string, Listener>;
  readonly sessions: OpenSessions;
  /** Admissions since the start, by protocol and outcome. */
  readonly admissions: ReadonlyMap<string, { readonly [outcome in AdmissionOutcome]: number }>;
  readonly draining: () => boolean;
  /** Tries a connection as this principal would use it; `told` hears of each step as it begins. */
  probe(connection: ConnectionSettings, principal: Principal, told: (steps: readonly StepTaken[]) => void): Promise<ProbeReport>;
  /** Takes no new sessions, gives open ones `graceMs` to end by themselves, then ends them and waits until all are closed. */
  drain(graceMs: number): Promise<void>;
}

/** How long an ended session may take to put its end on record and say goodbye. */
const farewellMs = 5_000;

export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const { configuration, certificate } = parts;
  const { insecureLoopback } = configuration.listen;
  const own: Place[] = parts.console ? [parts.console] : [];
  const sessions = new OpenSessions(parts.now);
  const admissions = new Map<string, { [outcome in AdmissionOutcome]: number }>();
  let draining = false;
  const house: House = {
    stages: parts.stages,
    connections: configuration.connections,
    sessions,
    dial: (host, port, signal, reading) => dial(host, port, signal, own, reading),
    folderOf: ({ folder }) => join(configuration.state, 'targets', folder),
    now: parts.now,
    log: parts.log,
    open: () => !draining,
    counted: (protocol, outcome) => {
      const counts = admissions.get(protocol) ?? { admitted: 0, refused: 0, challenged: 0 };
      counts[outcome] += 1;
      admissions.set(protocol, counts);
    },
  };
  const listeners = new Map<string, Listener>();
  for (const [name, address] of configuration.listen.sockets) {
    const protocol = parts.protocols.get(name);
    if (protocol?.listener !== 'socket') continue;
    const listener = await openListener(protocol, address, { certificate, insecureLoopback }, house);
    own.push(listener);
    listeners.set(name, listener);
  }
  if (configuration.listen.web !== null) {
    const listener = await openWebListener(configuration.listen.web, certificate, house);
    own.push(listener);
    listeners.set(listener.name, listener);
  }
  const drain = async (graceMs: number) => {
    draining = true;
    for (const listener of listeners.values()) listener.close();
    await orAfter(sessions.empty(), graceMs);
    sessions.stopAll('The gateway is shutting down.');
    await orAfter(sessions.empty(), farewellMs);
  };
  return {
    listeners,
    sessions,
    admissions,
    draining: () => draining,
    probe: (connection, principal, told) => probe(connection, principal, house, told),
    drain,
  };
}

async function orAfter(done: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
