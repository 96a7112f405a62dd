import { useEffect, useState } from 'react';
import { useKeys } from '../shell/keys.tsx';
import { words } from '../text.ts';
import { useSteps } from './steps.ts';

interface SeekBarProps {
  /** The ordinal of the exchange that is looked at. */
  readonly current: number;
  readonly last: number;
  readonly onSeek: (ordinal: number) => void;
}

/** While the slider is dragged, each exchange that it passes would be read and put on the trail: the one where it rests is enough. */
const restMs = 60;

/** To any exchange of a recording that is too large to be played, by keys, by dragging, or by its number. */
export function SeekBar({ current, last, onSeek }: SeekBarProps) {
  const [dragged, setDragged] = useState<number | null>(null);
  useEffect(() => {
    if (dragged === null) return undefined;
    const timer = setTimeout(() => {
      setDragged(null);
      onSeek(dragged);
    }, restMs);
    return () => clearTimeout(timer);
  }, [dragged, onSeek]);
  const steps = useSteps(current, onSeek);
  const to = (ordinal: number) => steps.to(Math.max(1, Math.min(last, Math.round(ordinal))));
  const step = (by: number) => to((steps.from() ?? current) + by);
  const shown = dragged ?? steps.at ?? current;
  useKeys(words.keys.player, [
    { keys: 'j', says: words.keys.nextExchange, run: () => step(1) },
    { keys: 'k', says: words.keys.previousExchange, run: () => step(-1) },
    ...Array.from({ length: 10 }, (_, tenth) => ({
      keys: String(tenth),
      says: words.keys.tenth(tenth),
      run: () => to(1 + ((last - 1) * tenth) / 10),
    })),
    { keys: 'l', says: words.keys.toEnd, run: () => to(last) },
  ]);
  return (
    <section
      aria-label={words.player.label}
      className="sticky bottom-0 z-10 flex items-center gap-3 border-t border-hairline bg-canvas px-4 py-1.5 print:hidden"
    >
      <input
        type="range"
        min={1}
        max={last}
        step={1}
        value={shown}
        onChange={(event) => setDragged(Number(event.target.value))}
        aria-label={words.player.exchange}
        aria-valuetext={words.player.ofExchanges(shown, last)}
        className="min-w-32 flex-1 accent-ink"
      />
      <span className="w-[22ch] text-quiet" aria-hidden="true">
        {words.player.ofExchanges(shown, last)}
      </span>
    </section>
  );
}
