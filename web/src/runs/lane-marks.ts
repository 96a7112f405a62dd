import type { RunDetail } from '../api/types.ts';

type Marked = RunDetail['lanes'][number]['exceptions'][number];

export interface LaneMark {
  readonly exchange: string;
  readonly kind: Marked['kind'];
  /** Where it stands, from 0 to 1. */
  readonly share: number;
  /** How many others stand in the same place. */
  readonly more: number;
}

/** A shape is 12 px wide: what is nearer than this to another one would only hide it. */
const places = 48;

/** Danger first: of those in one place the worst is shown. */
const order: readonly Marked['kind'][] = ['refused', 'denied', 'expired', 'undecided', 'failed', 'approved'];

/** What is drawn of a lane's exceptions: one shape a place, and how many it stands for. */
export function marksOf(exceptions: readonly Marked[], from: number, until: number): readonly LaneMark[] {
  const found = new Map<number, LaneMark>();
  for (const { exchange, at, kind } of exceptions) {
    const share = until === from ? 0 : Math.min(1, Math.max(0, (Date.parse(at) - from) / (until - from)));
    const place = Math.min(places - 1, Math.floor(share * places));
    const known = found.get(place);
    if (known === undefined) found.set(place, { exchange, kind, share, more: 0 });
    else if (order.indexOf(kind) < order.indexOf(known.kind)) found.set(place, { exchange, kind, share, more: known.more + 1 });
    else found.set(place, { ...known, more: known.more + 1 });
  }
  return [...found.values()];
}
