import { useCallback, useEffect, useEffectEvent, useMemo, useState, useSyncExternalStore } from 'react';
import type { Line } from './lines.ts';
import { loadRecording } from './load.ts';
import { Recording } from './recording.ts';
import type { Tail } from './tail.ts';

export const speeds = [0.5, 1, 2, 4, 8, 16] as const;
export type Speed = (typeof speeds)[number];

export interface Player {
  readonly recording: Recording;
  readonly playing: boolean;
  readonly speed: Speed;
  /** Milliseconds of folded time; null stands at the end, and stays there as more comes. */
  readonly moment: number | null;
  /** How many lines are shown. */
  readonly shown: number;
  readonly play: (on: boolean) => void;
  readonly setSpeed: (speed: Speed) => void;
  readonly seek: (moment: number | null) => void;
}

/** The recording of one session, filled once for each look at it. */
export function useRecording(session: string, active: boolean, onState: (state: unknown) => void): Recording {
  const recording = useMemo(() => ({ session, is: new Recording() }).is, [session]);
  // A session that ends while it is watched is told by its stream, which must not be started anew for that.
  const [goesOn] = useState(active);
  const tell = useEffectEvent(onState);
  useEffect(() => {
    const controller = new AbortController();
    const source = { session, active: goesOn, exchange: null, onState: (state: unknown) => tell(state) };
    void loadRecording(recording, source, controller.signal);
    return () => controller.abort();
  }, [recording, session, goesOn]);
  useSyncExternalStore(recording.subscribe, recording.version);
  return recording;
}

/** The lines of one exchange alone, read anew for each, and what comes of it where the session goes on. */
export function useExchange(session: string, ordinal: number, tail: Tail | null): Recording {
  const recording = useMemo(() => ({ session, ordinal, is: new Recording() }).is, [session, ordinal]);
  useEffect(() => {
    const controller = new AbortController();
    const source = { session, active: false, exchange: ordinal, onState: () => {} };
    // What comes while the record is read follows it, by its sequence: nothing twice, and nothing left out between the two.
    let waiting: Line[] | null = [];
    const leave = tail?.hear((line) => {
      if (line.exchange !== ordinal) return;
      if (waiting === null) recording.add(line);
      else waiting.push(line);
    });
    const load = async () => {
      await tail?.opened;
      await loadRecording(recording, source, controller.signal);
      for (const line of waiting ?? []) recording.add(line);
      waiting = null;
    };
    void load();
    return () => {
      leave?.();
      controller.abort();
    };
  }, [recording, session, ordinal, tail]);
  useSyncExternalStore(recording.subscribe, recording.version);
  return recording;
}

const tickMs = 50;

/** A head that moves over the recording's folded time. */
export function usePlayer(recording: Recording): Player {
  const [moment, setMoment] = useState<number | null>(null);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>(1);
  const tick = useEffectEvent((passed: number) => {
    const to = (moment ?? recording.duration) + passed * speed;
    const isEnd = to >= recording.duration;
    setMoment(isEnd ? null : to);
    // At the live edge the head waits for more; at the end of what is whole there is none.
    if (isEnd && recording.reach.kind === 'whole') setPlaying(false);
  });
  useEffect(() => {
    if (!playing) return undefined;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      tick(now - last);
      last = now;
    }, tickMs);
    return () => clearInterval(timer);
  }, [playing]);
  const play = useCallback((on: boolean) => {
    setPlaying(on);
    // To play from the end is to play once more.
    if (on) setMoment((at) => at ?? 0);
  }, []);
  const seek = useCallback((to: number | null) => setMoment(to === null || to >= recording.duration ? null : Math.max(0, to)), [recording]);
  const shown = moment === null ? recording.lines.length : recording.shownAt(moment);
  return { recording, playing, speed, moment, shown, play, setSpeed, seek };
}
