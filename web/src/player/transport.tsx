import { useRef } from 'react';
import { lasting, written } from '../parts/moment.tsx';
import type { Recording } from '../recording/recording.ts';
import { type Player, speeds } from '../recording/use-player.ts';
import { useKeys } from '../shell/keys.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { words } from '../text.ts';
import type { Steps } from './steps.ts';
import { isException, Timeline } from './timeline.tsx';

interface TransportProps {
  readonly player: Player;
  readonly steps: Steps;
}

/** Play, pause, faster, slower, and to any instant, by keys, mouse, or a slider that says where it stands. */
export function Transport({ player, steps }: TransportProps) {
  const { recording, playing, speed, moment, shown } = player;
  const { zone } = usePreferences();
  const slider = useRef<HTMLInputElement>(null);
  useTransportKeys({ player, steps });
  const line = recording.lines[shown - 1];
  const total = Math.round(recording.duration);
  const clock = line === undefined ? '' : written(new Date(line.at), 'clock', zone);
  const place = words.player.place(clock, headOf(recording, shown), recording.exchanges.at(-1)?.ordinal ?? 0);
  const folded = recording.foldedBefore(shown);
  return (
    <section aria-label={words.player.label} className="border-t border-hairline bg-canvas">
      <Timeline player={player} />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-1.5">
        <button type="button" className="button w-20 justify-center" onClick={() => player.play(!playing)}>
          {playing ? words.player.pause : words.player.play}
        </button>
        <input
          ref={slider}
          type="range"
          min={0}
          max={total}
          step={1}
          value={Math.round(moment ?? total)}
          onChange={(event) => player.seek(Number(event.target.value))}
          aria-label={words.player.instant}
          aria-valuetext={place}
          className="min-w-32 flex-1 accent-ink"
        />
        <span className="w-[22ch] text-quiet" aria-hidden="true">
          {place}
        </span>
        <label className="flex items-center gap-1 text-quiet">
          {words.player.speed}
          <select
            className="field"
            value={speed}
            onChange={(event) => player.setSpeed(speeds.find((each) => String(each) === event.target.value) ?? 1)}
          >
            {speeds.map((each) => (
              <option key={each} value={each}>
                {each}×
              </option>
            ))}
          </select>
        </label>
        {playing && folded !== null && <span className="text-quiet">{words.player.folded(lasting(folded))}</span>}
      </div>
    </section>
  );
}

/** The exchange that the head stands in; the session's own channel is none. */
function headOf(recording: Recording, shown: number): number {
  for (let place = shown - 1; place >= 0; place -= 1) {
    const ordinal = recording.lines[place]?.exchange ?? 0;
    if (ordinal > 0) return ordinal;
  }
  return 0;
}

/** The address of this very instant: it leads there as long as the recording is kept. */
function copyInstant(sequence: number | undefined): void {
  if (sequence !== undefined) void navigator.clipboard.writeText(`${location.origin}${location.pathname}?sequence=${sequence}`);
}

function useTransportKeys({ player, steps }: TransportProps): void {
  const { recording, playing, moment, seek, speed, setSpeed } = player;
  const at = moment ?? recording.duration;
  const faster = (by: number) => setSpeed(speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(speed) + by))] ?? 1);
  const select = (step: number, wanted: (ordinal: number) => boolean) => {
    const from = steps.from();
    const ordinals = recording.exchanges.map(({ ordinal }) => ordinal).filter((ordinal) => wanted(ordinal) || ordinal === from);
    const next = ordinals[Math.max(0, Math.min(ordinals.length - 1, ordinals.indexOf(from ?? -1) + step))];
    if (next !== undefined) steps.to(next);
  };
  const isExceptional = (ordinal: number) => {
    const exchange = recording.exchange(ordinal);
    return exchange !== null && isException(exchange);
  };
  const lineStep = (by: number) => seek(recording.moments[Math.max(0, Math.min(recording.lines.length - 1, player.shown - 1 + by))] ?? 0);
  useKeys(words.keys.player, [
    { keys: ' ', says: words.keys.playPause, run: () => player.play(!playing) },
    { keys: 'ArrowLeft', says: words.keys.back, run: () => seek(at - 5_000) },
    { keys: 'ArrowRight', says: words.keys.forward, run: () => seek(at + 5_000) },
    { keys: ',', says: words.keys.lineBack, run: () => lineStep(-1) },
    { keys: '.', says: words.keys.lineForward, run: () => lineStep(1) },
    { keys: '<', says: words.keys.slower, run: () => faster(-1) },
    { keys: '>', says: words.keys.faster, run: () => faster(1) },
    { keys: 'l', says: words.keys.toEnd, run: () => seek(null) },
    { keys: 'y', says: words.keys.copyInstant, run: () => copyInstant(recording.lines[player.shown - 1]?.sequence) },
    { keys: 'j', says: words.keys.nextExchange, run: () => select(1, () => true) },
    { keys: 'k', says: words.keys.previousExchange, run: () => select(-1, () => true) },
    { keys: 'n', says: words.keys.nextException, run: () => select(1, isExceptional) },
    { keys: 'N', says: words.keys.previousException, run: () => select(-1, isExceptional) },
    ...Array.from({ length: 10 }, (_, tenth) => ({
      keys: String(tenth),
      says: words.keys.tenth(tenth),
      run: () => seek((recording.duration * tenth) / 10),
    })),
  ]);
}
