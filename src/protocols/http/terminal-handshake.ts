import type { JsonObject } from '../../core/json.ts';
import type { SavedState } from '../../core/saved-state.ts';
import { type Dialect, dialects } from './terminal-dialects.ts';

/** Where the handshake of a WebSocket asks to, as far as it says how its messages are to be read. */
const routes = { pod: /\/pods\/[^/]+\/(?:exec|attach)$/, terminals: /\/terminals\/websocket\/[^/]+$/, other: /^/ } as const;
export type Route = keyof typeof routes;
const routeNames = ['pod', 'terminals', 'other'] as const satisfies readonly Route[];

/** The subprotocols by which a terminal is spoken, and where: a new one is a row. The empty one is that none was chosen. */
const rows: readonly { readonly route: Route; readonly protocols: readonly string[]; readonly dialect: Dialect['name'] }[] = [
  { route: 'pod', protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io', ''], dialect: 'channels' },
  { route: 'pod', protocols: ['v4.base64.channel.k8s.io', 'base64.channel.k8s.io'], dialect: 'base64-channels' },
  { route: 'terminals', protocols: [''], dialect: 'arrays' },
  { route: 'other', protocols: ['tty'], dialect: 'letters' },
];

/** What the handshake of a WebSocket has told: both directions of its exchange are read by it. */
export class Handshake {
  readonly #route: Route;
  /** Whether it asks for a terminal where it could ask for plain streams. */
  readonly isTerminal: boolean;
  #dialect: Dialect | null = null;

  private constructor(route: Route, isTerminal: boolean) {
    this.#route = route;
    this.isTerminal = isTerminal;
  }

  /** Of a request's target. */
  static asked(target: string): Handshake {
    const { path, query } = split(target);
    const route = routeNames.find((name) => routes[name].test(path)) ?? 'other';
    return new Handshake(route, route !== 'pod' || isSet(query.get('tty')));
  }

  /** Throws RangeError on what `save` cannot have made. */
  static from(saved: SavedState): Handshake {
    const handshake = new Handshake(saved.word('route', routeNames), saved.flag('isTerminal'));
    const name = saved.maybe('dialect', (field) => saved.word(field, Object.keys(dialects) as Dialect['name'][]));
    handshake.#dialect = name === null ? null : dialects[name];
    return handshake;
  }

  save(): JsonObject {
    return { route: this.#route, isTerminal: this.isTerminal, dialect: this.#dialect?.name ?? null };
  }

  /** The target has taken it, with this subprotocol. */
  answered(protocol: string): void {
    const row = rows.find(({ route, protocols }) => route === this.#route && protocols.includes(protocol));
    this.#dialect = row === undefined ? null : dialects[row.dialect];
  }

  /** How its messages are read; null while that is not known, and where they are no terminal's. */
  get dialect(): Dialect | null {
    return this.#dialect;
  }
}

/** The command that a handshake's target names, as a shell would take it; null where it names none. */
export function commandIn(target: string): string | null {
  const { path, query } = split(target);
  const words = routes.pod.test(path) ? query.getAll('command') : [];
  return words.length === 0 ? null : words.map(quoted).join(' ');
}

function split(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return { path, query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)) };
}

/** As a Kubernetes API server reads it: whatever is there and does not say no. */
function isSet(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
