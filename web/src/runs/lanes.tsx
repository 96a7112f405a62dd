import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { RunDetail } from '../api/types.ts';
import { barsOf } from '../parts/bars.ts';
import { Moment } from '../parts/moment.tsx';
import { Shape } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { placeOf, markOfKind } from './kind.ts';
import { marksOf } from './lane-marks.ts';

type Lane = RunDetail['lanes'][number];

/** Runs on more connections than these are rare, and what they are looked at for stands above. */
const shownAtOnce = 7;

/** A lane a connection, in the order of first touch: what passed as grey height, exceptions in their own shapes. */
export function Lanes({ run }: { readonly run: RunDetail }) {
  const { lanes, spans } = run;
  const [all, setAll] = useState(false);
  const [from, until] = [Date.parse(spans.from), Date.parse(spans.until)];
  const shown = all ? lanes : lanes.slice(0, shownAtOnce);
  return (
    <section aria-label={words.run.lanes} className="max-h-[40vh] shrink-0 overflow-y-auto border-t border-hairline px-4 py-2">
      <ul>
        {shown.map((lane) => (
          <li key={`${lane.connection} ${lane.protocol}`} className="grid grid-cols-[minmax(0,20ch)_1fr] items-center gap-3">
            <span className="truncate" title={lane.protocol}>
              <Visible text={lane.connection} limit={60} line />
              <span className="sr-only">{words.run.lane('', lane.exchanges, lane.exceptions.length)}</span>
            </span>
            <Strip lane={lane} run={run.id} from={from} until={until} />
          </li>
        ))}
      </ul>
      {shown.length < lanes.length && (
        <button type="button" className="text-quiet underline" onClick={() => setAll(true)}>
          {words.run.moreLanes(lanes.length - shown.length)}
        </button>
      )}
      <div className="ml-[calc(20ch+12px)] flex justify-between text-meta text-quiet">
        <Moment at={spans.from} precision="clock" />
        <Moment at={spans.until} precision="clock" />
      </div>
    </section>
  );
}

interface StripProps {
  readonly lane: Lane;
  readonly run: string;
  readonly from: number;
  readonly until: number;
}

function Strip({ lane, run, from, until }: StripProps) {
  const bars = useMemo(() => barsOf(lane.counts, { foot: 16, least: 3, most: 11 }), [lane.counts]);
  const marks = useMemo(() => marksOf(lane.exceptions, from, until), [lane.exceptions, from, until]);
  return (
    <span className="relative block h-8 border-b border-hairline">
      <svg
        viewBox={`0 0 ${lane.counts.length} 16`}
        preserveAspectRatio="none"
        className="absolute inset-0 h-full w-full"
        aria-hidden="true"
      >
        <path d={bars} className="fill-permitted/45" />
      </svg>
      {marks.map(({ exchange, kind, share, more }) => (
        <Link
          key={exchange}
          to="/runs/$run/exchanges/$session/$ordinal"
          params={{ run, ...placeOf(exchange) }}
          aria-label={`${words.run.kinds[kind]} ${more === 0 ? '' : words.more(more)}`.trim()}
          tabIndex={-1}
          className="absolute top-1 -ml-2 p-0.5"
          style={{ left: `${share * 100}%` }}
        >
          <Shape mark={markOfKind(kind)} size={12} />
        </Link>
      ))}
    </span>
  );
}
