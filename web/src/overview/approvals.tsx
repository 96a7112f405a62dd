import { Link } from '@tanstack/react-router';
import type { Overview } from '../api/types.ts';
import { lasting } from '../parts/moment.tsx';
import { words } from '../text.ts';
import { Question } from './question.tsx';

const fastMs = 4_000;
const [least, most] = [1_000, 3_600_000];

/** On a logarithmic line from a second to an hour. */
function placeOnLine(ms: number): number {
  return Math.min(1, Math.max(0, Math.log(Math.max(least, ms) / least) / Math.log(most / least)));
}

/** Decision times as dots, a strip a group; the first four seconds are shaded. */
export function Approvals({ overview }: { readonly overview: Overview }) {
  const { approvals } = overview;
  return (
    <Question asks={words.overview.real} says={words.overview.realSays}>
      {approvals.length === 0 && <p className="text-quiet">{words.overview.noApprovals}</p>}
      <ul className="flex flex-col gap-3">
        {approvals.map(({ group, decisionMs, fast, expired }) => (
          <li key={group}>
            <div className="flex flex-wrap justify-between gap-x-4">
              <Link to="/approvals" search={{ status: 'all' }} className="no-underline hover:underline">
                {group}
              </Link>
              <span className="text-quiet">{words.overview.decided(decisionMs.length, fast, expired)}</span>
            </div>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" className="mt-1 h-4 w-full bg-raised" aria-hidden="true">
              <rect x={0} y={0} width={placeOnLine(fastMs) * 100} height={8} className="fill-held-tint" />
              {decisionMs.map((ms, place) => (
                // Decisions have no other name than their place in time.
                <rect
                  key={place}
                  x={placeOnLine(ms) * 99}
                  y={1}
                  width={0.5}
                  height={6}
                  className={ms < fastMs ? 'fill-held' : 'fill-ink'}
                />
              ))}
            </svg>
          </li>
        ))}
      </ul>
      {approvals.length > 0 && (
        <div className="flex justify-between text-meta text-quiet">
          <span>{lasting(least)}</span>
          <span>{lasting(most)}</span>
        </div>
      )}
    </Question>
  );
}
