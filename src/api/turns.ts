import { problem } from './problem.ts';

/** Runs at most so many at a time; null where there is no room. */
export function createTurns(most: number) {
  let taken = 0;
  return async <Result>(work: () => Promise<Result>): Promise<Result | null> => {
    if (taken >= most) return null;
    taken += 1;
    try {
      return await work();
    } finally {
      taken -= 1;
    }
  };
}

export function tooMany() {
  return problem('TOO_MANY', 'Other drafts are being looked at.', 'Try again in a moment.');
}
