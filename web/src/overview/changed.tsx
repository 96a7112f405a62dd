import { useNavigate } from '@tanstack/react-router';
import type { Overview } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { words } from '../text.ts';

type Span = Overview['spans'][number];

const height = 72;
const below = 20;
const barredOf = ({ refused, denied, expired }: Span) => refused + denied + expired;

/** What did not simply pass in each span, over the band of the four weeks before; what was permitted as a thin line of its own. */
export function Changed({ overview }: { readonly overview: Overview }) {
  const { spans, since, until } = overview;
  const sum = (of: (span: Span) => number) => spans.reduce((total, span) => total + of(span), 0);
  return (
    <section aria-label={words.overview.changed} className="px-4 pt-2 pb-4">
      <h2 className="text-section font-semibold">{words.overview.changed}</h2>
      <p className="text-quiet">{words.overview.changedSays}</p>
      <p className="mb-2">
        {words.overview.changedTotals(
          sum(barredOf),
          sum(({ approved }) => approved),
          sum(({ permitted }) => permitted),
        )}
      </p>
      <Plot spans={spans} until={until} />
      <div className="flex justify-between text-meta text-quiet">
        <Moment at={since} precision="minute" />
        <Moment at={until} precision="minute" />
      </div>
    </section>
  );
}

function Plot({ spans, until }: { readonly spans: readonly Span[]; readonly until: string }) {
  const navigate = useNavigate();
  const most = Math.max(1, ...spans.map((span) => Math.max(barredOf(span) + span.undecided + span.approved, ...span.barredBefore)));
  const mostPermitted = Math.max(1, ...spans.map(({ permitted }) => permitted));
  const tall = (count: number) => (count / most) * height;
  const open = (place: number) => {
    const [from, to] = [spans[place]?.at, spans[place + 1]?.at ?? until];
    if (from !== undefined) void navigate({ to: '/exchanges', search: { q: `is:exceptional at:${from}..${to}` } });
  };
  const line = spans
    .map(({ permitted }, place) => `${place + 0.5},${height + below - 1 - (permitted / mostPermitted) * (below - 3)}`)
    .join(' ');
  return (
    <svg
      viewBox={`0 0 ${spans.length} ${height + below}`}
      preserveAspectRatio="none"
      className="h-28 w-full border-b border-hairline"
      aria-hidden="true"
    >
      {spans.map((span, place) => (
        <g key={span.at} onClick={() => open(place)}>
          <rect x={place} y={0} width={1} height={height + below} fill="transparent" />
          <rect
            x={place}
            y={height - tall(Math.max(0, ...span.barredBefore))}
            width={1}
            height={tall(Math.max(0, ...span.barredBefore) - Math.min(...span.barredBefore, Number.MAX_SAFE_INTEGER))}
            className="fill-sunken"
          />
          <Stack place={place} parts={partsOf(span)} tall={tall} />
        </g>
      ))}
      <polyline points={line} fill="none" className="stroke-permitted" strokeWidth={1} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

interface StackedPart {
  readonly count: number;
  readonly colour: string;
}

/** In a fixed order, danger first, so that a colour is always found at the same place. */
function partsOf(span: Span): readonly StackedPart[] {
  return [
    { count: barredOf(span), colour: 'fill-refused' },
    { count: span.undecided, colour: 'fill-held' },
    { count: span.approved, colour: 'fill-approved' },
  ];
}

function Stack({
  place,
  parts,
  tall,
}: {
  readonly place: number;
  readonly parts: readonly StackedPart[];
  readonly tall: (count: number) => number;
}) {
  const below = parts.map((_, at) => parts.slice(0, at).reduce((sum, { count }) => sum + count, 0));
  return parts.map(({ count, colour }, at) =>
    count === 0 ? null : (
      <rect
        key={colour}
        x={place + 0.12}
        width={0.76}
        y={height - tall((below[at] ?? 0) + count)}
        height={tall(count)}
        className={colour}
      />
    ),
  );
}
