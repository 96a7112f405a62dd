import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { sessionQuery } from '../api/queries.ts';
import type { Session } from '../api/types.ts';
import { Fault, Loading } from '../parts/states.tsx';
import { ExchangeView } from '../player/exchange-view.tsx';
import { useRecording } from '../recording/use-player.ts';
import { words } from '../text.ts';

/** One exchange of the run, whole, beside its story. Its address is its own. */
export function Inspector() {
  const { run, session: id, ordinal } = useParams({ from: '/shell/runs/$run/exchanges/$session/$ordinal' });
  const session = useQuery(sessionQuery(id));
  return (
    <aside
      aria-label={words.run.inspector}
      className="min-h-0 overflow-y-auto border-t border-hairline lg:w-[46%] lg:border-t-0 lg:border-l"
    >
      <div className="flex items-center justify-between px-4 pt-3">
        <Link to="/sessions/$id" params={{ id }} search={{ exchange: ordinal }}>
          {words.run.wholeSession}
        </Link>
        <Link to="/runs/$run" params={{ run }} className="button">
          {words.run.closeInspector}
        </Link>
      </div>
      {session.isPending && <Loading what={words.session.one} />}
      {session.isError && <Fault fault={session.error} retry={() => void session.refetch()} />}
      {session.data !== undefined && <Inspected key={id} session={session.data} ordinal={Number(ordinal)} />}
    </aside>
  );
}

function Inspected({ session, ordinal }: { readonly session: Session; readonly ordinal: number }) {
  const recording = useRecording(session.id, session.status === 'active', () => {});
  const exchange = recording.exchange(ordinal);
  if (recording.reach.kind === 'broken') return <Fault fault={recording.reach.fault} />;
  if (exchange === null)
    return recording.reach.kind === 'loading' ? (
      <Loading what={words.session.recording} />
    ) : (
      <p className="p-4 text-quiet">{words.session.nothing}</p>
    );
  return <ExchangeView key={ordinal} recording={recording} exchange={exchange} shown={recording.lines.length} />;
}
