import { messageOf } from '../../core/errors.ts';
import { fetchKeys, type IssuerKey } from './key-set.ts';
import type { IssuerSettings } from './settings.ts';

/** An answer that takes longer counts as an outage. */
const fetchTimeoutMs = 5_000;

/** What identity needs of the world. */
export interface IdentityPorts {
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly fetch?: typeof fetch;
  /** One line for whoever runs the gateway; never holds a token. */
  readonly log: (line: string) => void;
}

/** What is known of an issuer's keys. Times are Unix times in milliseconds. */
export interface SourceState {
  readonly fetched: { readonly keys: readonly IssuerKey[]; readonly at: number } | null;
  /** Why the last attempt failed; null where it did not. */
  readonly failure: string | null;
  readonly attemptedAt: number | null;
  readonly attempting: boolean;
}

/** Where an issuer's keys come from, and what came last. Decides nothing about when to ask. */
export interface KeySource {
  state(): SourceState;
  /** Asks the issuer; whoever calls while it is being asked waits for the same answer. Never rejects. */
  refresh(): Promise<void>;
}

export function createKeySource(settings: IssuerSettings, ports: IdentityPorts): KeySource {
  const terms = { fetch: ports.fetch ?? fetch, timeoutMs: fetchTimeoutMs };
  let known: Omit<SourceState, 'attempting'> = { fetched: null, failure: null, attemptedAt: null };
  let attempt: Promise<void> | null = null;

  async function ask(): Promise<void> {
    const at = ports.now();
    known = { ...known, attemptedAt: at };
    try {
      const keys = await fetchKeys(settings, terms);
      if (known.failure !== null) ports.log(`identity: ${settings.issuer} answers again`);
      known = { fetched: { keys, at }, failure: null, attemptedAt: at };
    } catch (fault) {
      known = { ...known, failure: messageOf(fault) };
      ports.log(`identity: the keys of ${settings.issuer} could not be fetched (${known.failure}); ${outlook()}`);
    }
  }

  function outlook(): string {
    if (known.fetched === null) return 'none are known, so its tokens are refused';
    return `known ones go on until ${new Date(known.fetched.at + settings.keysOutliveOutage).toISOString()}`;
  }

  return {
    state: () => ({ ...known, attempting: attempt !== null }),
    refresh() {
      attempt ??= ask().finally(() => {
        attempt = null;
      });
      return attempt;
    },
  };
}
