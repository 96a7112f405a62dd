import type { HttpCall } from './http-call.ts';
import { Http1Connection, type Keeper, type OpenedSocket } from './http1-connection.ts';

export interface PoolParts {
  readonly authority: string;
  /** Opens a connection; null where there is none for HTTP/1.1 at that place. Rejects where there is none at all. */
  readonly open: () => Promise<OpenedSocket | null>;
  /** Carries what waits where there is none. */
  readonly elsewhere: (call: HttpCall) => void;
  /** At most so many at once; what comes beyond waits. */
  readonly most: number;
  /** How long a target may take until it begins to answer. */
  readonly headMs: number;
}

const longestLookMs = 1_000;

/** Connections of HTTP/1.1 to one place, which are used again and again. */
export class Http1Pool implements Keeper {
  readonly authority: string;
  readonly #parts: PoolParts;
  readonly #all = new Set<Http1Connection>();
  readonly #idle: Http1Connection[] = [];
  #waiting: HttpCall[] = [];
  #opening = 0;
  #clock: NodeJS.Timeout | null = null;
  #destroyed = false;

  constructor(parts: PoolParts) {
    this.authority = parts.authority;
    this.#parts = parts;
  }

  carry(call: HttpCall): void {
    if (this.#destroyed) return call.taker.failed(new Error('the connections to this place were given up'));
    const connection = this.#usable();
    if (connection !== null) return this.#on(connection, call);
    this.#waiting.push(call);
    this.#open();
  }

  free(connection: Http1Connection): void {
    const call = this.#next();
    if (call === null) this.#idle.push(connection);
    else this.#on(connection, call);
  }

  gone(connection: Http1Connection): void {
    this.#all.delete(connection);
    const place = this.#idle.indexOf(connection);
    if (place !== -1) this.#idle.splice(place, 1);
    if (this.#waiting.length > 0) this.#open();
    else if (this.#all.size === 0) this.#stopClock();
  }

  /** Breaks off what runs. */
  destroy(): void {
    this.#destroyed = true;
    this.#stopClock();
    for (const call of this.#waiting.splice(0)) call.taker.failed(new Error('the connections to this place were given up'));
    for (const connection of this.#all) connection.destroy();
  }

  #usable(): Http1Connection | null {
    const now = performance.now();
    // The one that was used last, so that those that are not needed grow old.
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.usable(now)) return connection;
      connection.destroy();
    }
    return null;
  }

  #next(): HttpCall | null {
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) if (call.waits) return call;
    return null;
  }

  #on(connection: Http1Connection, call: HttpCall): void {
    try {
      connection.carry(call);
    } catch (fault) {
      // Nothing of it was sent.
      connection.abort();
      call.taker.failed(fault instanceof Error ? fault : new Error(String(fault)));
    }
  }

  #open(): void {
    if (this.#all.size + this.#opening >= this.#parts.most || this.#opening >= this.#waiting.length) return;
    this.#opening += 1;
    this.#parts.open().then(
      (opened) => {
        this.#opening -= 1;
        if (opened === null) this.#sendElsewhere();
        else this.#opened(opened);
      },
      (fault: unknown) => {
        this.#opening -= 1;
        this.#next()?.taker.failed(fault instanceof Error ? fault : new Error(String(fault)));
      },
    );
  }

  #opened(opened: OpenedSocket): void {
    if (this.#destroyed) return void opened.socket.destroy();
    this.#clock ??= setInterval(() => this.#look(), Math.min(longestLookMs, Math.ceil(this.#parts.headMs / 4))).unref();
    const connection = new Http1Connection(opened, this);
    this.#all.add(connection);
    const call = this.#next();
    if (call === null) connection.destroy();
    else this.#on(connection, call);
  }

  #sendElsewhere(): void {
    for (let call = this.#next(); call !== null; call = this.#next()) this.#parts.elsewhere(call);
  }

  #look(): void {
    const now = performance.now();
    for (const connection of this.#all) connection.look(now, this.#parts.headMs);
  }

  #stopClock(): void {
    if (this.#clock !== null) clearInterval(this.#clock);
    this.#clock = null;
  }
}
