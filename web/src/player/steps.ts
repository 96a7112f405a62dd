import { useCallback, useEffect, useRef, useState } from 'react';

export interface Steps {
  /** Where the steps have led so far: the list marks it at once, and it is opened soon. */
  readonly at: number | null;
  /** Where the next step begins: what is opened, or what an earlier step leads to and no frame has shown yet. */
  readonly from: () => number | null;
  readonly to: (ordinal: number) => void;
}

/** Steps that follow each other sooner than this are opened together: to open an exchange takes some 20 ms, which the next press would wait for. */
const togetherMs = 80;

/**
 * Steps from exchange to exchange that come faster than frames. None is lost; each frame marks where they lead by then, and what is led
 * to is opened at once where nothing was opened just before, and else a moment later.
 */
export function useSteps(current: number | null, onOpen: (ordinal: number) => void): Steps {
  const [led, setLed] = useState<number | null>(null);
  const heading = useRef<number | null>(null);
  const opened = useRef<number | null>(null);
  const frame = useRef<number | null>(null);
  const rest = useRef<ReturnType<typeof setTimeout> | null>(null);
  const open = useRef(onOpen);
  useEffect(() => {
    open.current = onOpen;
  });
  const openNext = useCallback(function next() {
    rest.current = null;
    if (heading.current === null || heading.current === opened.current) return;
    opened.current = heading.current;
    rest.current = setTimeout(next, togetherMs);
    open.current(heading.current);
  }, []);
  useEffect(() => {
    // What is opened on the way is no end of it.
    if (current === opened.current && current !== heading.current) return;
    opened.current = current;
    heading.current = null;
    setLed(null);
  }, [current]);
  useEffect(
    () => () => {
      if (frame.current !== null) cancelAnimationFrame(frame.current);
      if (rest.current !== null) clearTimeout(rest.current);
    },
    [],
  );
  const to = useCallback(
    (ordinal: number) => {
      heading.current = ordinal;
      frame.current ??= requestAnimationFrame(() => {
        frame.current = null;
        setLed(heading.current);
        if (rest.current === null) openNext();
      });
    },
    [openNext],
  );
  return { at: led ?? current, from: () => heading.current ?? current, to };
}
