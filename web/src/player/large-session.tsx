import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { sessionExchangesQuery } from '../api/queries.ts';
import type { Exchange, Session } from '../api/types.ts';
import { exchangeCard, exchangeMark, outcomeWord } from '../parts/exchange-columns.tsx';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { lasting, Moment, sized } from '../parts/moment.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { OneExchange } from './one-exchange.tsx';
import { SeekBar } from './seek-bar.tsx';

/** A recording of more than this is not brought into the page as a whole: it would take seconds to read. */
const mostBytes = 24_000_000;
const mostExchanges = 5_000;

export function isLarge({ status, exchanges, bytesToClient, bytesToTarget }: Session): boolean {
  return status !== 'active' && (exchanges > mostExchanges || bytesToClient + bytesToTarget > mostBytes);
}

/** The session as a list of its exchanges, each read when it is looked at: to any of them is one step, whatever lies before it. */
export function LargeSession({ session }: { readonly session: Session }) {
  const { exchange } = useSearch({ from: '/shell/sessions/$id' });
  const navigate = useNavigate({ from: '/sessions/$id' });
  const [from, setFrom] = useState(() => listedFrom(exchange === undefined ? 1 : Number(exchange)));
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    sessionExchangesQuery(session.id, from),
  );
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  const current = exchange === undefined ? (rows[0]?.ordinal ?? null) : Number(exchange);
  const open = (row: Exchange) => void navigate({ search: { exchange: String(row.ordinal) }, replace: true });
  const seek = (ordinal: number) => {
    // The list begins anew where what is sought is not in it.
    if (ordinal < from || ordinal > (rows.at(-1)?.ordinal ?? 0)) setFrom(listedFrom(ordinal));
    void navigate({ search: { exchange: String(ordinal) }, replace: true });
  };
  return (
    <>
      <p className="px-4 pb-2 text-quiet">{words.session.large(sized(session.bytesToClient + session.bytesToTarget))}</p>
      <div className="flex min-h-0 flex-1 flex-col border-t border-hairline lg:flex-row">
        <div className="flex max-h-[35vh] min-h-0 shrink-0 flex-col border-b border-hairline lg:max-h-none lg:w-[42%] lg:border-r lg:border-b-0">
          {isPending && <Loading what={words.places.exchanges} />}
          {error !== null && <Fault fault={error} />}
          {from > 1 && (
            <button type="button" className="px-4 py-1 text-left underline" onClick={() => setFrom(Math.max(1, from - 100))}>
              {words.session.earlier(from - 1)}
            </button>
          )}
          <Ledger
            label={words.places.exchanges}
            columns={columns}
            rows={rows}
            keyOf={(row) => row.id}
            onOpen={open}
            selected={`${session.id}/${current ?? ''}`}
            card={exchangeCard}
            hasMore={hasNextPage}
            more={more}
            empty={isPending ? null : <Empty title={words.session.nothing} />}
          />
        </div>
        <div className="min-h-0 min-w-0 flex-1 overflow-y-auto" data-inspector="">
          {current !== null && <OneExchange key={current} session={session.id} ordinal={current} />}
        </div>
      </div>
      <SeekBar current={current ?? 1} last={session.exchanges} onSeek={seek} />
    </>
  );
}

/** A few of those before what is looked at are listed with it. */
function listedFrom(ordinal: number): number {
  return Math.max(1, ordinal - 5);
}

const columns: readonly Column<Exchange>[] = [
  { id: 'ordinal', head: '#', width: '7ch', end: true, cell: (row) => row.ordinal.toLocaleString() },
  {
    id: 'verdict',
    head: words.columns.verdict,
    width: '11ch',
    cell: (row) => <MarkLabel mark={exchangeMark(row)} word={outcomeWord(row)} />,
  },
  { id: 'at', head: words.columns.at, width: '9ch', cell: (row) => <Moment at={row.startedAt} precision="clock" /> },
  {
    id: 'text',
    head: words.columns.asked,
    width: 'minmax(0,1fr)',
    cell: (row) => (
      <code>
        <Visible text={row.text} limit={160} line />
      </code>
    ),
  },
  { id: 'bytes', head: words.columns.size, width: '8ch', end: true, cell: (row) => sized(row.bytes) },
  {
    id: 'took',
    head: words.columns.took,
    width: '8ch',
    end: true,
    cell: (row) => (row.durationMs === null ? '' : lasting(row.durationMs)),
  },
];
