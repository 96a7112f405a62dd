import type { Field } from '../../core/web.ts';
import { Scrubber } from './scrub.ts';
import { type CanonicalTarget, withoutParameter } from './path.ts';
import type { Credentials } from './settings.ts';

/** What proves the gateway to its target, put into one request. */
export interface Injection {
  /** What is put behind the client's own; a field of the same name that the client sent is taken away. */
  readonly field: Field | null;
  readonly parameter: { readonly name: string; readonly value: string } | null;
  /** Takes what must not come back out of what does. */
  readonly scrubber: Scrubber;
}

/** Where a session's requests get what proves the gateway. */
export interface InjectionSource {
  /** A promise where it must be fetched first. */
  current(): Injection | Promise<Injection>;
  /** The target did not take it. */
  refused(injection: Injection): void;
}

export const noInjection: Injection = { field: null, parameter: null, scrubber: new Scrubber([]) };

/** A credential that is the same for every request. */
export function fixedInjection(credentials: Exclude<Credentials, { oauth: unknown }>): Injection {
  if ('header' in credentials) {
    const value = credentials.value.reveal();
    // `Bearer abc` is told by abc, too.
    const bare = value.replace(/^[A-Za-z]+ +/, '');
    return { field: [credentials.header.toLowerCase(), value], parameter: null, scrubber: new Scrubber([value, bare]) };
  }
  if ('query' in credentials) {
    const value = credentials.value.reveal();
    return { field: null, parameter: { name: credentials.query, value }, scrubber: new Scrubber([value]) };
  }
  const password = credentials.password.reveal();
  const pair = Buffer.from(`${credentials.user}:${password}`, 'utf8').toString('base64');
  return { field: ['authorization', `Basic ${pair}`], parameter: null, scrubber: new Scrubber([password, pair]) };
}

export function bearerInjection(token: string): Injection {
  return { field: ['authorization', `Bearer ${token}`], parameter: null, scrubber: new Scrubber([token]) };
}

/** Takes away what the client says where the gateway's credential will stand (ContextForge CVE-2026-110279). */
export function withoutCredential(fields: readonly Field[], name: string | null): Field[] {
  return fields.filter(([own]) => own !== name);
}

/** The same with the gateway's own in its place, last. The same list for the same two: requests mostly have the fields of the one before. */
export function withCredential(fields: readonly Field[], own: Field): readonly Field[] {
  const last = lastWith.get(fields);
  if (last?.own === own) return last.sent;
  const sent = [...withoutCredential(fields, own[0]), own];
  lastWith.set(fields, { own, sent });
  return sent;
}

const lastWith = new WeakMap<readonly Field[], { readonly own: Field; readonly sent: readonly Field[] }>();

export function targetWithout(target: CanonicalTarget, name: string | null): CanonicalTarget {
  return name === null ? target : { path: target.path, query: withoutParameter(target.query, name) };
}

/** The target as it is sent: with the parameter that proves the gateway, last. */
export function sentTarget({ path, query }: CanonicalTarget, { parameter }: Injection): string {
  const own = parameter === null ? null : `${encodeURIComponent(parameter.name)}=${encodeURIComponent(parameter.value)}`;
  const parts = [query, own].filter((part) => part !== null);
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
