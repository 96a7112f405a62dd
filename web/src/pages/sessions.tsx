import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { sessionsQuery } from '../api/queries.ts';
import type { Session } from '../api/types.ts';
import { FilterBar, type FilterField } from '../parts/filter-bar.tsx';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { lasting, Moment, sized } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { type Mark, MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { Who } from '../parts/who.tsx';
import { listPaceMs, useIsSomebodyHere } from '../shell/presence.ts';
import { seesAll, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

const fields: readonly FilterField[] = [
  { name: 'user', label: words.columns.person },
  { name: 'agent', label: words.columns.agent },
  { name: 'run', label: words.columns.run },
  { name: 'connection', label: words.columns.connection },
  { name: 'status', label: words.columns.status, options: ['active', 'ended', 'interrupted', 'refused'] },
  { name: 'since', label: words.filters.since, isMoment: true },
  { name: 'until', label: words.filters.until, isMoment: true },
];

/** Every session that the viewer may see, newest first. */
export function Sessions() {
  const filter = useSearch({ from: '/shell/sessions' });
  const navigate = useNavigate();
  const me = useViewer();
  const here = useIsSomebodyHere();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    ...sessionsQuery(filter),
    // As long as only the first page is shown, what begins now comes by itself.
    refetchInterval: ({ state }) => (here && state.data?.pages.length === 1 ? listPaceMs : false),
  });
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  return (
    <>
      <PageHead title={words.places.sessions}>
        {seesAll(me) ? words.sessions.everybodys : words.sessions.own} {data !== undefined && words.listed(rows.length, hasNextPage)}
      </PageHead>
      <FilterBar fields={fields} values={filter} onChange={(values) => void navigate({ to: '/sessions', search: values })} />
      {isPending && <Loading what={words.places.sessions} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <Ledger
          label={words.places.sessions}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          onOpen={(row) => void navigate({ to: '/sessions/$id', params: { id: row.id } })}
          card={card}
          hasMore={hasNextPage}
          more={more}
          empty={
            <Empty title={Object.keys(filter).length === 0 ? words.sessions.none : words.filters.nothing}>{words.sessions.noneHint}</Empty>
          }
        />
      )}
    </>
  );
}

/** What a session is drawn with: a gap outranks everything, since it is what the record cannot say. */
export function sessionMark(session: Session): Mark {
  if (session.recording === 'gap') return 'gap';
  if (session.status === 'refused') return 'refused';
  return session.status === 'active' ? 'open' : 'permitted';
}

const columns: readonly Column<Session>[] = [
  {
    id: 'status',
    head: words.columns.status,
    width: '12ch',
    cell: (row) => <MarkLabel mark={sessionMark(row)} word={words.sessions.status[row.status]} />,
  },
  {
    id: 'started',
    head: words.columns.started,
    width: '15ch',
    cell: (row) => (
      <Link to="/sessions/$id" params={{ id: row.id }} tabIndex={-1} className="no-underline hover:underline">
        <Moment at={row.startedAt} precision="day" />
      </Link>
    ),
  },
  { id: 'who', head: words.columns.who, width: 'minmax(0,3fr)', cell: (row) => <Who who={row.principal} /> },
  {
    id: 'connection',
    head: words.columns.connection,
    width: 'minmax(0,2fr)',
    cell: (row) => <Visible text={row.connection} limit={80} line />,
  },
  {
    id: 'run',
    head: words.columns.run,
    width: 'minmax(0,2fr)',
    cell: (row) => row.run !== null && <Visible text={row.run} limit={80} line />,
  },
  { id: 'exchanges', head: words.columns.exchanges, width: '9ch', end: true, cell: (row) => row.exchanges.toLocaleString() },
  {
    id: 'refused',
    head: words.columns.refused,
    width: '8ch',
    end: true,
    cell: (row) => (row.refused === 0 ? '' : <span className="text-refused">{row.refused.toLocaleString()}</span>),
  },
  { id: 'bytes', head: words.columns.received, width: '9ch', end: true, cell: (row) => sized(row.bytesToClient) },
  {
    id: 'took',
    head: words.columns.took,
    width: '10ch',
    end: true,
    cell: (row) => (row.endedAt === null ? words.sessions.goesOn : lasting(Date.parse(row.endedAt) - Date.parse(row.startedAt))),
  },
];

function card(row: Session) {
  return (
    <>
      <div className="flex justify-between gap-2">
        <span className="flex min-w-0 gap-2">
          <MarkLabel mark={sessionMark(row)} word={words.sessions.status[row.status]} bare />
          <span className="truncate">
            <Who who={row.principal} />
          </span>
        </span>
        <Moment at={row.startedAt} precision="minute" />
      </div>
      <div className="truncate text-quiet">
        <Visible text={row.connection} limit={60} line /> · {words.sessions.counted(row.exchanges, row.refused)}
      </div>
    </>
  );
}
