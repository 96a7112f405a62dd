import type { Facets } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { withFilter } from './fields.ts';

interface FoundProps {
  readonly facets: Facets;
  readonly query: string;
  readonly onSearch: (query: string) => void;
}

/** What a search found: how many, from when to when, with how many gaps, and whether all was looked through. */
export function FoundLine({ facets }: { readonly facets: Facets }) {
  const { count, complete, since, until, gaps, indexedTo } = facets;
  return (
    <span role="status">
      {words.found.counted(count, complete)}
      {since !== null && until !== null && (
        <>
          {' · '}
          <Moment at={since} precision="minute" /> – <Moment at={until} precision="minute" />
        </>
      )}
      {' · '}
      {words.found.gaps(gaps)}
      {' · '}
      {complete ? words.found.complete : words.found.incomplete}
      {indexedTo !== null && (
        <>
          {' · '}
          {words.found.indexedTo} <Moment at={indexedTo} precision="clock" />
        </>
      )}
    </span>
  );
}

/** The found ones over time, and by each field that has few values; both narrow the query by text. */
export function FoundShape({ facets, query, onSearch }: FoundProps) {
  return (
    <div className="flex flex-col gap-2 px-4 pb-2">
      <Histogram facets={facets} query={query} onSearch={onSearch} />
      <div className="flex flex-wrap gap-2">
        {facets.facets
          .filter(({ values }) => values.length > 1 || (values[0]?.count ?? 0) < facets.count)
          .map((facet) => (
            <details key={facet.field} name="facets" className="relative">
              <summary className="button list-none">
                {facet.field} <span className="text-quiet">{(facet.values.length + facet.more).toLocaleString()}</span>
              </summary>
              <ul className="popup max-h-[min(20rem,50vh)] overflow-y-auto py-1 lg:w-72">
                {facet.values.map(({ value, count }) => (
                  <li key={value ?? ''}>
                    <button
                      type="button"
                      disabled={value === null}
                      onClick={() => value !== null && onSearch(withFilter(query, facet.field, value))}
                      className="flex min-h-7 w-full items-center justify-between gap-3 px-3 text-left hover:bg-sunken"
                    >
                      <span className="truncate">
                        {value === null ? <span className="text-quiet">{words.found.none}</span> : <Visible text={value} limit={80} line />}
                      </span>
                      <span className="text-quiet">{count.toLocaleString()}</span>
                    </button>
                  </li>
                ))}
                {facet.more > 0 && <li className="px-3 text-quiet">{words.more(facet.more)}</li>}
              </ul>
            </details>
          ))}
      </div>
    </div>
  );
}

/** How many began in each span, and in ink how many of them did not simply pass. A press narrows to the span. */
function Histogram({ facets, query, onSearch }: FoundProps) {
  const { histogram, until } = facets;
  const most = Math.max(1, ...histogram.map(({ count }) => count));
  const tall = (count: number) => (count === 0 ? 0 : 2 + (count / most) * 22);
  if (histogram.length < 2) return null;
  const narrow = (place: number) => {
    const [from, to] = [histogram[place]?.at, histogram[place + 1]?.at ?? until];
    if (from !== undefined && to !== null) onSearch(`${query.replaceAll(/(^|\s)at:\S+/g, '')} at:${from}..${to}`.trim());
  };
  return (
    <svg
      viewBox={`0 0 ${histogram.length} 24`}
      preserveAspectRatio="none"
      className="h-7 w-full border-b border-hairline"
      aria-hidden="true"
    >
      {histogram.map(({ at, count, exceptional }, place) => (
        <g key={at} onClick={() => narrow(place)}>
          <rect x={place} y={0} width={1} height={24} fill="transparent" />
          <rect x={place + 0.1} y={24 - tall(count)} width={0.8} height={tall(count)} className="fill-permitted/45" />
          <rect x={place + 0.1} y={24 - tall(exceptional)} width={0.8} height={tall(exceptional)} className="fill-ink" />
        </g>
      ))}
    </svg>
  );
}
