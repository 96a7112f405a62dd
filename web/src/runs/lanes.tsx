import { Link } from '@tanstack/react-router';
import type { RunDetail } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Shape } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { markOfKind, placeOf } from './kind.ts';

type Lane = RunDetail['lanes'][number];

/** A lane a connection, in the order of first touch: what passed as grey height, exceptions in their own shapes. */
export function Lanes({ run }: { readonly run: RunDetail }) {
  const { lanes, spans } = run;
  const [from, until] = [Date.parse(spans.from), Date.parse(spans.until)];
  return (
    <section aria-label={words.run.lanes} className="border-t border-hairline px-4 py-2">
      <ul>
        {lanes.map((lane) => (
          <li key={`${lane.connection} ${lane.protocol}`} className="grid grid-cols-[minmax(0,20ch)_1fr] items-center gap-3">
            <span className="truncate" title={lane.protocol}>
              <Visible text={lane.connection} limit={60} line />
              <span className="sr-only">{words.run.lane('', lane.exchanges, lane.exceptions.length)}</span>
            </span>
            <Strip lane={lane} run={run} from={from} until={until} />
          </li>
        ))}
      </ul>
      <div className="ml-[calc(20ch+12px)] flex justify-between text-meta text-quiet">
        <Moment at={spans.from} precision="clock" />
        <Moment at={spans.until} precision="clock" />
      </div>
    </section>
  );
}

interface StripProps {
  readonly lane: Lane;
  readonly run: RunDetail;
  readonly from: number;
  readonly until: number;
}

function Strip({ lane, run, from, until }: StripProps) {
  const most = Math.max(1, ...lane.counts);
  const share = (at: string) => (until === from ? 0 : Math.min(1, Math.max(0, (Date.parse(at) - from) / (until - from))));
  return (
    <span className="relative block h-8 border-b border-hairline">
      <svg
        viewBox={`0 0 ${lane.counts.length} 16`}
        preserveAspectRatio="none"
        className="absolute inset-0 h-full w-full"
        aria-hidden="true"
      >
        {lane.counts.map((count, place) =>
          count === 0 ? null : (
            // A span has no other name than its place.
            <rect
              key={place}
              x={place + 0.1}
              width={0.8}
              y={16 - 3 - (count / most) * 11}
              height={3 + (count / most) * 11}
              className="fill-permitted/45"
            />
          ),
        )}
      </svg>
      {lane.exceptions.map(({ exchange, at, kind }) => (
        <Link
          key={exchange}
          to="/runs/$run/exchanges/$session/$ordinal"
          params={{ run: run.id, ...placeOf(exchange) }}
          aria-label={words.run.kinds[kind]}
          tabIndex={-1}
          className="absolute top-1 -ml-2 p-0.5"
          style={{ left: `${share(at) * 100}%` }}
        >
          <Shape mark={markOfKind(kind)} size={12} />
        </Link>
      ))}
    </span>
  );
}
