import { Link } from '@tanstack/react-router';
import type { Overview } from '../api/types.ts';
import { sized } from '../parts/moment.tsx';
import { Visible } from '../parts/visible.tsx';
import { withFilter } from '../query/fields.ts';
import { words } from '../text.ts';
import { Question } from './question.tsx';
import { Bar } from './rules.tsx';

/** What came back, by agent and connection; bytes on a logarithmic bar. */
export function Flows({ overview }: { readonly overview: Overview }) {
  const { flows } = overview;
  const most = Math.max(1, ...flows.map(({ bytes }) => Math.log10(bytes + 1)));
  return (
    <Question asks={words.overview.flows}>
      {flows.length === 0 && <p className="text-quiet">{words.overview.noFlows}</p>}
      <ul className="flex flex-col gap-2">
        {flows.map(({ agent, connection, rows, bytes, masked }) => (
          <li key={`${agent ?? ''} ${connection}`}>
            <div className="flex flex-wrap justify-between gap-x-4">
              <Link
                to="/exchanges"
                search={{ q: withFilter(agent === null ? '-has:agent' : withFilter('', 'agent', agent), 'connection', connection) }}
                className="no-underline hover:underline"
              >
                {agent === null ? words.overview.person : <Visible text={agent} limit={60} line />}
                <span className="text-quiet"> → </span>
                <Visible text={connection} limit={60} line />
              </Link>
              <span className="text-quiet">
                {words.overview.flow(rows, sized(bytes))}
                {masked > 0 && <span className="text-masked"> · {words.overview.maskedShare(masked)}</span>}
              </span>
            </div>
            <Bar parts={[{ share: Math.log10(bytes + 1) / most, colour: 'bg-quiet' }]} />
          </li>
        ))}
      </ul>
    </Question>
  );
}
