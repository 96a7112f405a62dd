import type { OpenSessions } from './sessions.ts';

/** Who wants which session ended, and why. Plain data. */
export interface Termination {
  readonly session: string;
  /** As the trail names them. */
  readonly by: string;
  readonly reason: string | null;
}

/** What became of it. Times are Unix times in milliseconds. */
export type Terminated =
  /** It had ended already, or another gateway has it. */
  | { readonly kind: 'not-open' }
  /** `endedAt` is when its end was on record; null where that takes longer than one waits for it. */
  | { readonly kind: 'stopped'; readonly stoppedAt: number; readonly endedAt: number | null };

/** A client is told why its session ends and may take that long to leave. */
const patienceMs = 8_000;

/** Ends an open session for a person: its client is told by whom and why, nothing more of it crosses, and its end goes on record. */
export async function terminate(sessions: OpenSessions, { session, by, reason }: Termination, now: () => number): Promise<Terminated> {
  const stoppedAt = now();
  const why = reason === null ? '' : `: ${reason}`;
  const over = sessions.stop(session, {
    code: 'SESSION_TERMINATED',
    message: `This session was ended by ${by}${why}`,
    hint: 'Ask the person for whom you work before you go on.',
  });
  if (over === null) return { kind: 'not-open' };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, patienceMs, null);
  });
  const endedAt = await Promise.race([over.then(now), late]);
  clearTimeout(timer);
  return { kind: 'stopped', stoppedAt, endedAt };
}
