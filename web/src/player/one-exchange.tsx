import { written } from '../parts/moment.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import type { Tail } from '../recording/tail.ts';
import { type Player, useExchange, usePlayer } from '../recording/use-player.ts';
import { usePreferences } from '../shell/preferences.tsx';
import { words } from '../text.ts';
import { Controls } from './controls.tsx';
import { ExchangeView } from './exchange-view.tsx';

interface OneExchangeProps {
  readonly session: string;
  readonly ordinal: number;
  /** Whether the session does. */
  readonly goesOn: boolean;
  /** What comes of a session that goes on. */
  readonly tail?: Tail | null;
}

/** One exchange, read by itself: however long its session is, only its own lines come. */
export function OneExchange({ session, ordinal, goesOn, tail = null }: OneExchangeProps) {
  const recording = useExchange(session, ordinal, tail);
  const player = usePlayer(recording);
  const exchange = recording.exchange(ordinal);
  if (recording.reach.kind === 'broken') return <Fault fault={recording.reach.fault} />;
  if (exchange !== null)
    return (
      <>
        <ExchangeView recording={recording} exchange={exchange} shown={player.shown} goesOn={goesOn} />
        {recording.hasTerminal && <Playing player={player} />}
      </>
    );
  return recording.reach.kind === 'loading' ? (
    <Loading what={words.session.recording} />
  ) : (
    <p className="p-4 text-quiet">{words.session.nothing}</p>
  );
}

/** A terminal is more than what it shows at its end. */
function Playing({ player }: { readonly player: Player }) {
  const { zone } = usePreferences();
  const line = player.recording.lines[player.shown - 1];
  return (
    <section aria-label={words.terminal.play} className="sticky bottom-0 border-t border-hairline bg-canvas">
      <Controls player={player} place={line === undefined ? '' : written(new Date(line.at), 'clock', zone)} />
    </section>
  );
}
