import { useEffect, useEffectEvent, useMemo, useState, useSyncExternalStore } from 'react';
import { follow, type Follower } from './follow.ts';
import type { Line } from './lines.ts';
import type { Reach } from './recording.ts';

/** What comes of a session that goes on: handed on to those who want it, and not kept. */
export class Tail implements Follower {
  reach: Reach = { kind: 'loading' };
  lastSequence = -1;
  /** Resolves when everything that is not on record yet will be heard, or when that can never be. */
  readonly opened: Promise<void>;
  #open: () => void = () => {};
  readonly #hearers = new Set<(line: Line) => void>();
  readonly #watchers = new Set<() => void>();

  constructor() {
    this.opened = new Promise((done) => (this.#open = done));
  }

  begin(sequence: number): void {
    this.lastSequence = Math.max(this.lastSequence, sequence);
  }

  add(line: Line): void {
    if (line.sequence <= this.lastSequence) return;
    this.lastSequence = line.sequence;
    for (const hear of this.#hearers) hear(line);
  }

  arrive(reach: Reach): void {
    this.reach = reach;
    this.#open();
    for (const watcher of this.#watchers) watcher();
  }

  /** Says how to stop. */
  hear(hearer: (line: Line) => void): () => void {
    this.#hearers.add(hearer);
    return () => void this.#hearers.delete(hearer);
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  };

  readonly current = (): Reach => this.reach;
}

/** The tail of a session that went on when it was first looked at; null of one that was over. */
export function useTail(session: string, active: boolean, onState: (state: unknown) => void): Tail | null {
  const [goesOn] = useState(active);
  const tail = useMemo(() => ({ session, is: new Tail() }).is, [session]);
  const tell = useEffectEvent(onState);
  useEffect(() => {
    if (!goesOn) return undefined;
    const controller = new AbortController();
    follow(tail, { session, from: 'end', onState: (state) => tell(state) }, controller.signal).then(
      () => controller.signal.aborted || tail.arrive({ kind: 'whole' }),
      (fault: unknown) => controller.signal.aborted || tail.arrive({ kind: 'broken', fault }),
    );
    return () => controller.abort();
  }, [tail, session, goesOn]);
  useSyncExternalStore(tail.subscribe, tail.current);
  return goesOn ? tail : null;
}
