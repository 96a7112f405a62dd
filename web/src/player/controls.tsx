import { lasting } from '../parts/moment.tsx';
import { type Player, speeds } from '../recording/use-player.ts';
import { words } from '../text.ts';

interface ControlsProps {
  readonly player: Player;
  /** Where the head stands, in words. */
  readonly place: string;
}

/** Play, pause, faster, slower, and a slider to any instant that says where it stands. */
export function Controls({ player, place }: ControlsProps) {
  const { recording, playing, speed, moment, shown } = player;
  const total = Math.round(recording.duration);
  const folded = recording.foldedBefore(shown);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-1.5">
      <button type="button" className="button w-20 justify-center" onClick={() => player.play(!playing)}>
        {playing ? words.player.pause : words.player.play}
      </button>
      <input
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
  );
}
