import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { runGlanceQuery } from '../api/queries.ts';
import { OneExchange } from '../player/one-exchange.tsx';
import { words } from '../text.ts';

/** Whether a session of the run does, by what the run's own page was told last: of many sessions it names the newest. */
function useGoesOn(run: string, session: string): boolean {
  const { data } = useQuery({ ...runGlanceQuery(run), enabled: false });
  if (data === undefined) return true;
  const found = data.newestSessions.find(({ id }) => id === session);
  const known = data.newestSessions.filter(({ status }) => status === 'active').length;
  return found === undefined ? data.activeSessions > known : found.status === 'active';
}

/** One exchange of the run, whole, beside its story. Its address is its own. */
export function Inspector() {
  const { run, session: id, ordinal } = useParams({ from: '/shell/runs/$run/exchanges/$session/$ordinal' });
  const goesOn = useGoesOn(run, id);
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
      <OneExchange key={`${id} ${ordinal}`} session={id} ordinal={Number(ordinal)} goesOn={goesOn} />
    </aside>
  );
}
