import type { Mediate } from '../../core/exchange.ts';
import type { Session } from '../../core/session.ts';
import type { Field, Visit } from '../../core/web.ts';
import type { ShowWhole } from './masking.ts';
import type { Mirror } from './mirror.ts';
import type { Settings } from './settings.ts';
import type { Upstream } from './upstream.ts';

/** One request of a client, with all that is needed to answer it. */
export interface Call {
  readonly visit: Visit;
  /** Behind the repository: `/` first, query included, as the client sent it. */
  readonly path: string;
  /** How the client reaches the repository. */
  readonly base: string;
  readonly session: Session;
  readonly mediate: Mediate;
  readonly settings: Settings;
  readonly upstream: Upstream;
  readonly mirror: Mirror;
  /** The repository's name for policy: its path at the target. */
  readonly repository: string;
  /** Lets the target's bytes pass; null where what is masked may be in them. */
  readonly show: ShowWhole | null;
  /** Aborts when the client is gone before it was answered. */
  readonly gone: AbortSignal;
  /** Aborts when the client is gone or the session over. */
  readonly over: AbortSignal;
  /** How the client can be told that the session is over, by its own protocol; null: in plain words. */
  readonly farewell: { form: InBand | null };
}

/** Words within an answer of git's own. */
export interface InBand {
  readonly type: string;
  readonly words: (text: string) => Buffer;
}

const protocolHeader = /^version=[012](:[a-z0-9=-]+)*$/;

/** The version of git's protocol that a client asks for; 0 where it does not say or says what nobody knows. */
export function versionOf({ visit }: Pick<Call, 'visit'>): number {
  const said = headerOf(visit, 'git-protocol');
  return said !== null && protocolHeader.test(said) ? Number(/^version=(\d)/.exec(said)?.[1]) : 0;
}

/** The fields that a target is told of a client's: which protocol it speaks, and with what. */
export function passedOn({ visit }: Pick<Call, 'visit'>): Field[] {
  const protocol = headerOf(visit, 'git-protocol');
  const agent = headerOf(visit, 'user-agent');
  return [
    ...(protocol !== null && protocolHeader.test(protocol) ? [['git-protocol', protocol] as const] : []),
    ...(agent === null ? [] : [['user-agent', agent] as const]),
    // What comes back is read, and kept, as it is.
    ['accept-encoding', 'identity'],
  ];
}

export function headerOf({ headers }: Pick<Visit, 'headers'>, name: string): string | null {
  return headers.find(([given]) => given === name)?.[1] ?? null;
}

export function isGit({ visit }: Pick<Call, 'visit'>): boolean {
  return /^git\//i.test(headerOf(visit, 'user-agent') ?? '');
}
