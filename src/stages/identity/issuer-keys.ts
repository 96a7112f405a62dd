import type { IssuerKey } from './key-set.ts';
import { createKeySource, type IdentityPorts } from './key-source.ts';
import type { IssuerSettings } from './settings.ts';

/** At most one request for an unknown key in this time: anyone may send a token that names one. */
const seekEveryMs = 10_000;
/** How soon a failing issuer is asked again: while its keys are known, and while nobody can be let in. */
const retryEveryMs = { known: 10_000, none: 1_000 };

/** The keys that may be used now, and why the issuer could not be asked last time; null where it answered. */
export interface KnownKeys {
  readonly keys: readonly IssuerKey[];
  readonly failure: string | null;
}

/** No key may be used: none was ever fetched, or those that were are too old. */
export interface NoKeys {
  readonly keys: null;
  readonly failure: string;
}

/** An issuer's keys, fetched when they are needed and renewed as they age. Nothing here rejects. */
export interface IssuerKeys {
  /** The keys as they are known; waits only where none may be used, or after a long idle time. */
  current(): Promise<KnownKeys | NoKeys>;
  /** The keys after the issuer was asked for one that is not among them, if it may be asked again already. */
  sought(): Promise<KnownKeys | NoKeys>;
}

export function createIssuerKeys(settings: IssuerSettings, ports: IdentityPorts): IssuerKeys {
  const { now } = ports;
  const { cacheFor, keysOutliveOutage } = settings;
  const source = createKeySource(settings, ports);
  let soughtAt: number | null = null;

  // A clock that was set back must not keep the issuer from being asked.
  const elapsed = (since: number | null, span: number) => since === null || now() < since || now() - since >= span;

  function usable(): KnownKeys | NoKeys {
    const { fetched, failure } = source.state();
    if (fetched !== null && now() - fetched.at < keysOutliveOutage) return { keys: fetched.keys, failure };
    return { keys: null, failure: failure ?? 'the issuer has not been asked yet' };
  }

  async function current(): Promise<KnownKeys | NoKeys> {
    const { fetched, attemptedAt, attempting } = source.state();
    if (usable().keys === null) {
      if (attempting || elapsed(attemptedAt, retryEveryMs.none)) await source.refresh();
    } else if (elapsed(fetched?.at ?? null, cacheFor) && elapsed(attemptedAt, retryEveryMs.known)) {
      // After a quiet night the first token must not be verified with yesterday's keys while today's are on their way.
      const idle = elapsed(attemptedAt, 2 * cacheFor);
      const refreshed = source.refresh();
      if (idle) await refreshed;
    }
    return usable();
  }

  async function sought(): Promise<KnownKeys | NoKeys> {
    if (source.state().attempting || elapsed(soughtAt, seekEveryMs)) {
      soughtAt = now();
      await source.refresh();
    }
    return usable();
  }

  return { current, sought };
}
