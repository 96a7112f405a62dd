import { bearerInjection, type Injection } from './credential.ts';
import type { Credentials } from './settings.ts';

/** Asks an authorization server: a form in, a status and a text out. */
export type PostForm = (form: string, authorization: string) => Promise<{ readonly status: number; readonly text: string }>;

type OAuth = Extract<Credentials, { oauth: unknown }>['oauth'];

interface Held {
  readonly injection: Injection;
  /** After this a new one is fetched. */
  readonly until: number;
}

/** A token is not used to its last moment: the request that it goes with takes its time, and clocks differ. */
const marginMs = 30_000;
/** How long one counts whose server does not say (RFC 6749 section 5.1 only recommends it). */
const usualMs = 5 * 60_000;

/** The access token of one connection by client credentials (RFC 6749 section 4.4): fetched once for all who need it, and anew before it ends. */
export class TokenSource {
  readonly #oauth: OAuth;
  readonly #now: () => number;
  #held: Held | null = null;
  #fetching: Promise<Injection> | null = null;

  constructor(oauth: OAuth, now: () => number) {
    this.#oauth = oauth;
    this.#now = now;
  }

  current(post: PostForm): Injection | Promise<Injection> {
    if (this.#held !== null && this.#now() < this.#held.until) return this.#held.injection;
    this.#fetching ??= this.#fetch(post).finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** The target did not take it: the next request gets another. */
  refused(injection: Injection): void {
    if (this.#held?.injection === injection) this.#held = null;
  }

  async #fetch(post: PostForm): Promise<Injection> {
    const { clientId, clientSecret, scope } = this.#oauth;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
    // Section 2.3.1: both are encoded as a form is before they become Basic.
    const pair = [clientId, clientSecret.reveal()].map((part) => new URLSearchParams([['', part]]).toString().slice(1)).join(':');
    const { status, text } = await post(form.toString(), `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`);
    const token = status === 200 ? tokenIn(text) : null;
    // What the server says may hold anything, the secret included; its status tells enough.
    if (token === null) throw new Error(`the authorization server answered ${status} without a token that can be used`);
    const injection = bearerInjection(token.accessToken);
    this.#held = { injection, until: this.#now() + Math.max(0, token.lifetimeMs - marginMs) };
    return injection;
  }
}

function tokenIn(text: string): { readonly accessToken: string; readonly lifetimeMs: number } | null {
  let answer: { readonly [name: string]: unknown };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    return null;
  }
  const { access_token: accessToken, token_type: type, expires_in: seconds } = answer;
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken)) return null;
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return null;
  return { accessToken, lifetimeMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : usualMs };
}
