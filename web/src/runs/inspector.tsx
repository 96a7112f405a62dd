import { Link, useParams } from '@tanstack/react-router';
import { OneExchange } from '../player/one-exchange.tsx';
import { words } from '../text.ts';

/** One exchange of the run, whole, beside its story. Its address is its own. */
export function Inspector() {
  const { run, session: id, ordinal } = useParams({ from: '/shell/runs/$run/exchanges/$session/$ordinal' });
  return (
    <aside
      aria-label={words.run.inspector}
      className="border-t border-hairline lg:min-h-0 lg:w-[46%] lg:overflow-y-auto lg:border-t-0 lg:border-l"
    >
      <div className="flex items-center justify-between px-4 pt-3">
        <Link to="/sessions/$id" params={{ id }} search={{ exchange: ordinal }}>
          {words.run.wholeSession}
        </Link>
        <Link to="/runs/$run" params={{ run }} className="button">
          {words.run.closeInspector}
        </Link>
      </div>
      <OneExchange key={`${id} ${ordinal}`} session={id} ordinal={Number(ordinal)} />
    </aside>
  );
}
