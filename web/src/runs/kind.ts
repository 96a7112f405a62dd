import type { RunException, StoryItem } from '../api/types.ts';
import type { Mark } from '../parts/verdict.tsx';

/** What a line of a run is drawn with. */
export function markOfKind(kind: StoryItem['kind'] | RunException['kind']): Mark {
  switch (kind) {
    case 'passed':
    case 'failed':
      return 'permitted';
    case 'approved':
      return 'approved';
    case 'undecided':
      return 'held';
    case 'refused':
    case 'denied':
    case 'expired':
      return 'refused';
    default:
      return kind satisfies never;
  }
}

/** `<session>/<ordinal>` as the parts of an address. */
export function placeOf(exchange: string): { readonly session: string; readonly ordinal: string } {
  const [session = '', ordinal = ''] = exchange.split('/');
  return { session, ordinal };
}
