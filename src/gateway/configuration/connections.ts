import { z } from 'zod';
import type { Protocol } from '../../core/protocol.ts';
import type { ConnectionTerms } from '../../core/stages.ts';
import { leadsTo, type ListenAddress } from './address.ts';
import { check } from './issues.ts';
import { type Listeners, missingLine } from './listeners.ts';
import { nearest } from '../../wire/nearest.ts';
import type { Place, Report } from './problem.ts';
import { type ConnectionSection, connectionSchema, sections } from './sections.ts';

/** One connection: what the flow must know of it, and what its protocol does. */
export interface ConnectionSettings {
  readonly terms: ConnectionTerms;
  readonly protocol: Protocol<unknown>;
  /** What the protocol's settings schema made of `target` and `credentials`. */
  readonly settings: unknown;
  /** The folder's name in which its protocol may keep what it must know of this very target. */
  readonly folder: string;
}

/** Checks every connection by itself and by its protocol's schema. Null where the section is no list. */
export function checkConnections(
  value: unknown,
  listen: Listeners | null,
  protocols: ReadonlyMap<string, Protocol<unknown>>,
  report: Report,
): ReadonlyMap<string, ConnectionSettings> | null {
  const items = check(sections.connections, value, ['connections'], report);
  if (items === null) return null;
  const connections = new Map<string, ConnectionSettings>();
  for (const [index, item] of items.entries()) {
    const connection = checkConnection(item, ['connections', index], { listen, protocols, report });
    if (connection === null) continue;
    const { name } = connection.terms;
    if (connections.has(name))
      report(['connections', index, 'name'], `there are two connections named "${name}"`, 'Give each a name of its own.');
    connections.set(name, connection);
  }
  return connections;
}

export interface Surroundings {
  readonly listen: Listeners | null;
  readonly protocols: ReadonlyMap<string, Protocol<unknown>>;
  readonly report: Report;
}

/** As much of a connection as its protocol's check needs. */
const givenSchema = z.object({ protocol: z.string(), target: z.unknown().optional(), credentials: z.unknown().optional() });

/** Checks one connection. What the gateway knows and what the protocol knows are checked apart, so that a mistake in one does not hide those in the other. */
export function checkConnection(item: unknown, place: Place, { listen, protocols, report }: Surroundings): ConnectionSettings | null {
  const section = check(connectionSchema, item, place, report);
  const given = givenSchema.safeParse(item).data;
  const protocol = given ? protocolOf(given.protocol, protocols, place, report) : null;
  if (!given || protocol === null) return null;
  if (listen) checkListener(protocol, listen, place, report);
  if (given.target === undefined) return null;
  const settings = settingsOf(given, protocol, place, report);
  if (settings === null) return null;
  if (listen) checkTargets(protocol.addresses(settings.value), listen, place, report);
  return section && { terms: termsOf(section), protocol, settings: settings.value, folder: section.name };
}

function checkListener(protocol: Protocol<unknown>, listen: Listeners, place: Place, report: Report): void {
  const { name, listener } = protocol;
  if (listener === 'web' ? listen.web !== null : listen.sockets.has(name)) return;
  report([...place, 'protocol'], `nothing listens for the protocol "${name}"`, `Add ${missingLine(protocol)}.`);
}

function protocolOf(
  protocol: string,
  protocols: ReadonlyMap<string, Protocol<unknown>>,
  place: Place,
  report: Report,
): Protocol<unknown> | null {
  const found = protocols.get(protocol);
  if (found) return found;
  const known = [...protocols.keys()].sort();
  const meant = nearest(protocol, known);
  const remedy = meant === null ? `Known are: ${known.join(', ')}.` : `Did you mean "${meant}"?`;
  report([...place, 'protocol'], `there is no protocol "${protocol}"`, remedy);
  return null;
}

function settingsOf(
  { target, credentials }: z.output<typeof givenSchema>,
  protocol: Protocol<unknown>,
  place: Place,
  report: Report,
): { readonly value: unknown } | null {
  const given = { target, ...(credentials === undefined ? {} : { credentials }) };
  // Wrapped, so that a schema which yields null is not taken for a mistake.
  return check(
    protocol.settings.transform((value) => ({ value })),
    given,
    place,
    report,
  );
}

function checkTargets(targets: readonly ListenAddress[], listen: Listeners, place: Place, report: Report): void {
  const own = [listen.console, listen.web, ...listen.sockets.values()].filter((address) => address !== null);
  if (own.some((listener) => targets.some((target) => leadsTo(target, listener))))
    report([...place, 'target'], 'the target is the gateway itself', 'Name the address of the real target, or listen elsewhere.');
}

function termsOf({ name, protocol, recording, retention, session }: ConnectionSection): ConnectionTerms {
  const { outliveToken, idle, idleInTransaction, statement } = session;
  return { name, protocol, recording, retentionDays: retention, outliveToken, timeouts: { idle, idleInTransaction, statement } };
}
