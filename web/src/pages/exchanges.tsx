import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { exchangesQuery, facetsQuery } from '../api/queries.ts';
import { exchangeCard, exchangeColumns } from '../parts/exchange-columns.tsx';
import { Ledger } from '../parts/ledger.tsx';
import { Moment } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { FoundLine, FoundShape } from '../query/found.tsx';
import { isQueryProblem, QueryBar } from '../query/query-bar.tsx';
import { SavedViews } from '../query/saved-views.tsx';
import { words } from '../text.ts';

/** A page holds no more than these (some 1 KB each), however many there are. */
const mostRows = 20_000;

/** Search over what was asked and what came back. */
export function Exchanges() {
  const { q = '' } = useSearch({ from: '/shell/exchanges' });
  const navigate = useNavigate();
  const filter = q === '' ? {} : { q };
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery(exchangesQuery(filter));
  const facets = useQuery({ ...facetsQuery(filter), placeholderData: keepPreviousData });
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  const look = (query: string) => void navigate({ to: '/exchanges', search: query === '' ? {} : { q: query } });
  const last = rows.length < mostRows ? undefined : rows.at(-1);
  const lookedBackTo = data?.pages.at(-1)?.lookedBackTo ?? null;
  return (
    <>
      <PageHead title={words.places.exchanges} actions={<SavedViews query={q} onSearch={look} />}>
        {facets.data !== undefined && <FoundLine facets={facets.data} />}
      </PageHead>
      <div className="px-4 pb-2">
        <QueryBar value={q} fault={error} onSearch={look} />
      </div>
      {facets.data !== undefined && <FoundShape facets={facets.data} query={q} onSearch={look} />}
      {isPending && <Loading what={words.places.exchanges} />}
      {error !== null && !isQueryProblem(error) && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <Ledger
          label={words.places.exchanges}
          columns={exchangeColumns}
          rows={rows}
          keyOf={(row) => row.id}
          onOpen={(row) => void navigate({ to: '/sessions/$id', params: { id: row.session }, search: { exchange: String(row.ordinal) } })}
          card={exchangeCard}
          hasMore={hasNextPage && last === undefined}
          more={more}
          empty={<Empty title={words.exchanges.none}>{q === '' ? words.exchanges.noneHint : words.exchanges.lookedFor(q)}</Empty>}
          foot={
            <>
              {hasNextPage && last !== undefined && (
                <p className="px-4 py-2">
                  {words.exchanges.enough(rows.length)}{' '}
                  <button type="button" className="button" onClick={() => look(`${q} at:<=${last.startedAt}`.trim())}>
                    {words.exchanges.goOn}
                  </button>
                </p>
              )}
              {lookedBackTo !== null && (
                <p className="px-4 py-2 text-quiet">
                  {words.exchanges.lookedBack} <Moment at={lookedBackTo} />
                </p>
              )}
            </>
          }
        />
      )}
    </>
  );
}
