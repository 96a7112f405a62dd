import { messageOf } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Viewer } from './access.ts';
import type { GatewayPort } from './gateway-port.ts';
import type { ApiLog } from './log.ts';
import { personOf, recordLook } from './trail.ts';

/** A page that stays open asks again every few seconds: what it does within this time of its first look is one event more. */
const togetherMs = 5 * 60_000;
/** Beyond so many at a time, each look is an event of its own. */
const mostAtOnce = 10_000;

interface Looking {
  readonly viewer: Viewer;
  readonly event: string;
  readonly detail: JsonObject;
  readonly until: number;
  again: number;
  lastAt: number;
}

export interface RepeatedLooksOptions {
  readonly gateway: Pick<GatewayPort, 'audit'>;
  readonly log: ApiLog;
  readonly now?: () => number;
}

/**
 * Puts on record that somebody looks at what a page asks for again and again: the first look before they see anything, and those that
 * follow it within five minutes by one event at the end, with their number and the time of the last. Where that cannot be written, the
 * same person sees nothing more of it until it is (503).
 */
export class RepeatedLooks {
  readonly #looking = new Map<string, Looking>();
  readonly #gateway: Pick<GatewayPort, 'audit'>;
  readonly #log: ApiLog;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor({ gateway, log, now = Date.now }: RepeatedLooksOptions) {
    this.#gateway = gateway;
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => void this.sweep(), togetherMs / 10).unref();
  }

  /** Resolves once the look is on record, or counted. */
  async look(viewer: Viewer, event: string, detail: JsonObject): Promise<void> {
    const key = JSON.stringify([personOf(viewer.principal), event, detail]);
    const known = this.#looking.get(key);
    if (known !== undefined && this.#now() < known.until) {
      known.again += 1;
      known.lastAt = this.#now();
      return;
    }
    if (known !== undefined) await this.#end(key, known);
    await recordLook(this.#gateway, viewer, event, detail);
    if (this.#looking.size >= mostAtOnce || this.#looking.has(key)) return;
    const now = this.#now();
    this.#looking.set(key, { viewer, event, detail, until: now + togetherMs, again: 0, lastAt: now });
  }

  /** Writes what is to be said of those whose time is over; of all of them where `all` says so. */
  async sweep(all = false): Promise<void> {
    // A copy: one that cannot be written is put back, and must not be met again in the same round.
    const over = Array.from(this.#looking).filter(([, { until }]) => all || this.#now() >= until);
    for (const [key, looking] of over) {
      try {
        await this.#end(key, looking);
      } catch (fault) {
        this.#log.error(
          { part: 'trail', fault: messageOf(fault), event: looking.event, again: looking.again },
          'How often somebody looked again could not be put on record yet.',
        );
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.sweep(true);
  }

  /** What was counted stays so until it is on record. */
  async #end(key: string, looking: Looking): Promise<void> {
    // Two may come here at once, and what is written is written once.
    this.#looking.delete(key);
    const { viewer, event, detail, again, lastAt } = looking;
    if (again === 0) return;
    try {
      await recordLook(this.#gateway, viewer, event, { ...detail, again, lastAt: new Date(lastAt).toISOString() });
    } catch (fault) {
      const since = this.#looking.get(key);
      if (since === undefined) this.#looking.set(key, looking);
      else since.again += again;
      throw fault;
    }
  }
}
