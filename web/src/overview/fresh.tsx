import { Link } from '@tanstack/react-router';
import type { Overview } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Visible } from '../parts/visible.tsx';
import { placeOf } from '../runs/kind.ts';
import { words } from '../text.ts';
import { Question } from './question.tsx';

/** Agents at objects where they had never been. */
export function Fresh({ overview }: { readonly overview: Overview }) {
  const { firstSeen, moreFirstSeen } = overview;
  return (
    <Question asks={words.overview.fresh} says={words.overview.freshSays}>
      {firstSeen.length === 0 && <p className="text-quiet">{words.overview.noFresh}</p>}
      <ul className="max-h-72 overflow-y-auto">
        {firstSeen.map(({ agent, connection, object, at, exchange }) => {
          const { session, ordinal } = placeOf(exchange);
          return (
            <li key={`${agent ?? ''} ${connection} ${object}`} className="grid min-h-6 grid-cols-[minmax(0,1fr)_minmax(0,2fr)_auto] gap-3">
              <span className="truncate">
                {agent === null ? <span className="text-quiet">{words.overview.person}</span> : <Visible text={agent} limit={60} line />}
              </span>
              <Link
                to="/sessions/$id"
                params={{ id: session }}
                search={{ exchange: ordinal }}
                className="truncate no-underline hover:underline"
              >
                <Visible text={`${object} · ${connection}`} limit={120} line />
              </Link>
              <span className="text-quiet">
                <Moment at={at} precision="day" />
              </span>
            </li>
          );
        })}
      </ul>
      {moreFirstSeen > 0 && <p className="text-quiet">{words.more(moreFirstSeen)}</p>}
    </Question>
  );
}
