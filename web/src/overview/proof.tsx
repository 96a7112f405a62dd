import { Link } from '@tanstack/react-router';
import type { Overview } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { words } from '../text.ts';
import { Question } from './question.tsx';

/** What is missing from the record, by connection, and whether the recorder writes. */
export function Proof({ overview }: { readonly overview: Overview }) {
  const { connections, recorder } = overview;
  return (
    <Question asks={words.overview.proof}>
      {recorder.ready === null && (
        <p className="mb-2">
          <MarkLabel mark="permitted" word={words.overview.ready} />
        </p>
      )}
      {connections.length > 0 && (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={words.overview.proof}>
          <table className="w-full min-w-xl">
            <thead className="text-meta text-quiet">
              <tr>
                {words.overview.proofHeads.map((head, place) => (
                  <th key={head} className={`h-7 font-normal ${place === 0 ? 'text-left' : 'text-right'}`}>
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {connections.map(({ connection, sessions, active, interrupted, gaps, lastAt }) => (
                <tr key={connection} className="h-8 border-t border-hairline/60 text-right">
                  <td className="text-left">
                    <Link to="/sessions" search={{ connection }}>
                      {connection}
                    </Link>
                  </td>
                  <td>{sessions.toLocaleString()}</td>
                  <td>{active.toLocaleString()}</td>
                  <td>{interrupted.toLocaleString()}</td>
                  <td>{gaps === 0 ? '0' : <MarkLabel mark="gap" word={gaps.toLocaleString()} />}</td>
                  <td>
                    <Moment at={lastAt} precision="day" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Question>
  );
}
