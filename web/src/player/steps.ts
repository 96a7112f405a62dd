import { useEffect, useRef } from 'react';

interface Steps {
  /** Where the next step begins: what is looked at, or what an earlier step leads to and no frame has shown yet. */
  readonly from: () => number | null;
  readonly to: (ordinal: number) => void;
}

/**
 * Steps from exchange to exchange that come faster than frames: none is lost, and only where they lead by the next frame is shown.
 * Drawn one by one, twenty of them kept the first waiting for 600 ms.
 */
export function useSteps(current: number | null, onSelect: (ordinal: number) => void): Steps {
  const heading = useRef<number | null>(null);
  const frame = useRef<number | null>(null);
  const select = useRef(onSelect);
  useEffect(() => {
    select.current = onSelect;
  });
  const shown = useRef(current);
  useEffect(() => {
    if (shown.current === current) return;
    shown.current = current;
    if (frame.current === null) heading.current = null;
  }, [current]);
  useEffect(
    () => () => {
      if (frame.current !== null) cancelAnimationFrame(frame.current);
    },
    [],
  );
  return {
    from: () => heading.current ?? current,
    to: (ordinal) => {
      heading.current = ordinal;
      frame.current ??= requestAnimationFrame(() => {
        frame.current = null;
        if (heading.current !== null) select.current(heading.current);
      });
    },
  };
}
