import { copy } from '../parts/copying.tsx';
import { written } from '../parts/moment.tsx';
import type { Recording } from '../recording/recording.ts';
import { type Player, speeds } from '../recording/use-player.ts';
import { useKeys } from '../shell/keys.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { words } from '../text.ts';
import { Controls } from './controls.tsx';
import type { Steps } from './steps.ts';
import { isException, Timeline } from './timeline.tsx';

interface TransportProps {
  readonly player: Player;
  readonly steps: Steps;
}

/** Play, pause, faster, slower, and to any instant, by keys, mouse, or a slider that says where it stands. */
export function Transport({ player, steps }: TransportProps) {
  const { recording, shown } = player;
  const { zone } = usePreferences();
  useTransportKeys({ player, steps });
  const line = recording.lines[shown - 1];
  const clock = line === undefined ? '' : written(new Date(line.at), 'clock', zone);
  const place = words.player.place(clock, headOf(recording, shown), recording.exchanges.at(-1)?.ordinal ?? 0);
  return (
    <section aria-label={words.player.label} className="sticky bottom-0 z-10 border-t border-hairline bg-canvas print:hidden">
      <Timeline player={player} />
      <Controls player={player} place={place} />
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
  if (sequence !== undefined) void copy(`${location.origin}${location.pathname}?sequence=${sequence}`, words.copy.instant);
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
