import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { sessionExchangesQuery } from '../api/queries.ts';
import type { Exchange, Session } from '../api/types.ts';
import { exchangeCard, exchangeMark, outcomeWord } from '../parts/exchange-columns.tsx';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { sized } from '../parts/moment.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import type { Tail } from '../recording/tail.ts';
import { words } from '../text.ts';
import { OneExchange } from './one-exchange.tsx';
import { SeekBar } from './seek-bar.tsx';

/** A recording of more than this is not brought into the page as a whole, whether it goes on or not: it would take seconds to read. */
const mostBytes = 24_000_000;
const mostExchanges = 5_000;

/** So many pages of exchanges are in the list at most: what is before and behind them is a step away, and said. */
const mostPages = 20;

export function isLarge({ exchanges, bytesToClient, bytesToTarget }: Session): boolean {
  return exchanges > mostExchanges || bytesToClient + bytesToTarget > mostBytes;
}

interface LargeSessionProps {
  readonly session: Session;
  /** What comes of a session that goes on. */
  readonly tail: Tail | null;
}

/**
 * The session as a list of its exchanges, each read when it is looked at: to any of them is one step, whatever lies before it. One that
 * goes on is opened at its end.
 */
export function LargeSession({ session, tail }: LargeSessionProps) {
  const search = useSearch({ from: '/shell/sessions/$id' });
  const navigate = useNavigate({ from: '/sessions/$id' });
  const [first] = useState(() => (session.status === 'active' ? Math.max(1, session.exchanges) : 1));
  const exchange = search.exchange === undefined ? first : Number(search.exchange);
  const [from, setFrom] = useState(() => listedFrom(exchange));
  const { rows, error, isPending, hasMore, more } = useListed(session, from);
  const last = rows.at(-1)?.ordinal ?? 0;
  const after = hasMore || isPending ? 0 : session.exchanges - last;
  const current = rows.length === 0 && search.exchange === undefined ? null : exchange;
  const open = (row: Exchange) => void navigate({ search: { exchange: String(row.ordinal) }, replace: true });
  const seek = (ordinal: number) => {
    // The list begins anew where what is sought is not in it.
    if (ordinal < from || ordinal > last) setFrom(listedFrom(ordinal));
    void navigate({ search: { exchange: String(ordinal) }, replace: true });
  };
  return (
    <>
      <p className="px-4 pb-2 text-quiet">{words.session.large(sized(session.bytesToClient + session.bytesToTarget))}</p>
      <div className="flex shrink-0 grow flex-col border-t border-hairline lg:min-h-56 lg:flex-1 lg:flex-row">
        <div className="flex max-h-[max(35vh,--spacing(44))] min-h-0 shrink-0 flex-col border-b border-hairline lg:max-h-none lg:w-[42%] lg:border-r lg:border-b-0">
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
            hasMore={hasMore}
            more={more}
            empty={isPending ? null : <Empty title={words.session.nothing} />}
          />
          {after > 0 && last > 0 && (
            <button type="button" className="px-4 py-1 text-left underline" onClick={() => setFrom(listedFrom(last))}>
              {words.session.later(after)}
            </button>
          )}
        </div>
        <div className="min-w-0 lg:min-h-0 lg:flex-1 lg:overflow-y-auto" data-inspector="">
          {current !== null && (
            <OneExchange key={current} session={session.id} ordinal={current} goesOn={session.status === 'active'} tail={tail} />
          )}
        </div>
      </div>
      <SeekBar current={current ?? 1} last={session.exchanges} onSeek={seek} />
    </>
  );
}

/** The exchanges from one on, page by page as they are scrolled to, and those that come as the session goes on. */
function useListed(session: Session, from: number) {
  const query = useInfiniteQuery(sessionExchangesQuery(session.id, from));
  const { data, isFetching, hasNextPage, fetchNextPage, refetch } = query;
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const pages = data?.pages.length ?? 0;
  const hasMore = hasNextPage && pages < mostPages;
  const more = useCallback(() => void (isFetching || fetchNextPage()), [isFetching, fetchNextPage]);
  // All that there was is here, and there is more by now, or one of these has not ended yet.
  const isOld = !hasNextPage && pages > 0 && pages <= mostRefetched && isBehind(session, rows);
  useEffect(() => {
    if (!isOld || isFetching) return undefined;
    const timer = setTimeout(() => void refetch(), refetchMs);
    return () => clearTimeout(timer);
  }, [isOld, isFetching, refetch]);
  const [wentOn] = useState(session.status === 'active');
  const hasEnded = wentOn && session.status !== 'active';
  useEffect(() => {
    // What was cut off by the end of its session does not say so by itself.
    if (hasEnded) void refetch();
  }, [hasEnded, refetch]);
  return { rows, error: query.error, isPending: query.isPending, hasMore, more };
}

const refetchMs = 500;
/** All pages are asked for again where the last one has grown. */
const mostRefetched = 3;

function isBehind({ status, exchanges }: Session, rows: readonly Exchange[]): boolean {
  if ((rows.at(-1)?.ordinal ?? 0) < exchanges) return true;
  return status === 'active' && rows.some(({ durationMs }) => durationMs === null);
}

/** A few of those before what is looked at are listed with it. */
function listedFrom(ordinal: number): number {
  return Math.max(1, ordinal - 5);
}

/** What there is room for beside the exchange, which says the rest. */
const columns: readonly Column<Exchange>[] = [
  { id: 'ordinal', head: '#', width: '6ch', end: true, cell: (row) => row.ordinal.toLocaleString() },
  {
    id: 'verdict',
    head: words.columns.verdict,
    width: '11ch',
    cell: (row) => <MarkLabel mark={exchangeMark(row)} word={outcomeWord(row)} />,
  },
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
];
