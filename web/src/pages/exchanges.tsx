import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { exchangesQuery } from '../api/queries.ts';
import { exchangeCard, exchangeColumns } from '../parts/exchange-columns.tsx';
import { FilterBar, type FilterField } from '../parts/filter-bar.tsx';
import { Ledger } from '../parts/ledger.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { QueryBar } from '../query/query-bar.tsx';
import { words } from '../text.ts';

const fields: readonly FilterField[] = [
  { name: 'verdict', label: words.columns.verdict, options: ['permitted', 'approved', 'refused', 'denied', 'expired'] },
  { name: 'effect', label: words.columns.effect, options: ['read', 'write', 'schema', 'admin', 'unknown'] },
  { name: 'status', label: words.columns.outcome, options: ['ok', 'error', 'skipped', 'refused', 'cut', 'active'] },
  { name: 'connection', label: words.columns.connection },
  { name: 'since', label: words.filters.since, placeholder: '2026-01-31T08:00:00Z' },
  { name: 'until', label: words.filters.until, placeholder: '2026-02-01T08:00:00Z' },
];

/** Search over what was asked and what came back. */
export function Exchanges() {
  const filter = useSearch({ from: '/shell/exchanges' });
  const navigate = useNavigate();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery(exchangesQuery(filter));
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  const { q, ...narrowing } = filter;
  const look = (values: Readonly<Record<string, string | undefined>>) => void navigate({ to: '/exchanges', search: values });
  return (
    <>
      <PageHead title={words.places.exchanges}>{data !== undefined && words.found(rows, hasNextPage)}</PageHead>
      <div className="px-4 pb-2">
        <QueryBar value={q ?? ''} fault={error} onSearch={(text) => look({ ...narrowing, ...(text !== '' && { q: text }) })} />
      </div>
      <FilterBar fields={fields} values={narrowing} onChange={(values) => look({ ...values, ...(q !== undefined && { q }) })} />
      {isPending && <Loading what={words.places.exchanges} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <Ledger
          label={words.places.exchanges}
          columns={exchangeColumns}
          rows={rows}
          keyOf={(row) => row.id}
          onOpen={(row) => void navigate({ to: '/sessions/$id', params: { id: row.session }, search: { exchange: String(row.ordinal) } })}
          card={exchangeCard}
          hasMore={hasNextPage}
          more={more}
          empty={<Empty title={words.exchanges.none}>{emptyHint(filter)}</Empty>}
        />
      )}
    </>
  );
}

function emptyHint(filter: Readonly<Partial<Record<string, string>>>): string {
  const given = Object.entries(filter).map(([name, value]) => `${name} ${value ?? ''}`);
  return given.length === 0 ? words.exchanges.noneHint : words.exchanges.narrowedBy(given);
}
