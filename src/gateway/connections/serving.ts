import type { Protocol } from '../../core/protocol.ts';
import type { Place } from '../../wire/dial.ts';
import { type Listeners, listenerOf, missingLine } from '../configuration/listeners.ts';

/** The listener by which the clients of a connection come. */
export interface Serving {
  /** As the configuration file names it below `listen`. */
  readonly listener: string;
  /** Where it listens: `127.0.0.1:15432`. */
  readonly address: string;
  /** Whether connections lie below it, each under `/NAME`. */
  readonly paths: boolean;
}

/** Listeners by the key that each has below `listen`. */
export type Listening = ReadonlyMap<string, Place>;

/** Those of the configuration, whose port may be 0 until they are open. */
export function configured({ web, sockets }: Listeners): Listening {
  return new Map<string, Place>([...sockets, ...(web === null ? [] : [['web', web] as const])]);
}

/** Null where nothing listens for the protocol. */
export function servingOf(protocol: Protocol<unknown>, listening: Listening): Serving | null {
  const listener = listenerOf(protocol);
  const place = listening.get(listener);
  if (place === undefined) return null;
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  return { listener, address: `${host}:${place.port}`, paths: protocol.listener === 'web' };
}

/** What to do where nothing listens for the protocol; `file` is the configuration's. */
export function remedyFor(protocol: Protocol<unknown>, file: string): string {
  return `Add ${missingLine(protocol)} to ${file}, and restart the gateway: listeners are opened at its start alone.`;
}
