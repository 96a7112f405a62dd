import { Fault, Loading } from '../parts/states.tsx';
import type { Tail } from '../recording/tail.ts';
import { useExchange } from '../recording/use-player.ts';
import { words } from '../text.ts';
import { ExchangeView } from './exchange-view.tsx';

interface OneExchangeProps {
  readonly session: string;
  readonly ordinal: number;
  /** What comes of a session that goes on. */
  readonly tail?: Tail | null;
}

/** One exchange, read by itself: however long its session is, only its own lines come. */
export function OneExchange({ session, ordinal, tail = null }: OneExchangeProps) {
  const recording = useExchange(session, ordinal, tail);
  const exchange = recording.exchange(ordinal);
  if (recording.reach.kind === 'broken') return <Fault fault={recording.reach.fault} />;
  if (exchange !== null) return <ExchangeView recording={recording} exchange={exchange} shown={recording.lines.length} />;
  return recording.reach.kind === 'loading' ? (
    <Loading what={words.session.recording} />
  ) : (
    <p className="p-4 text-quiet">{words.session.nothing}</p>
  );
}
