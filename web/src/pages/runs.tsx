import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { runsQuery } from '../api/queries.ts';
import type { Run } from '../api/types.ts';
import { FilterBar, type FilterField } from '../parts/filter-bar.tsx';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { lasting, Moment } from '../parts/moment.tsx';
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
  { name: 'name', label: words.runs.name },
  { name: 'connection', label: words.columns.connection },
  { name: 'status', label: words.columns.status, options: ['active', 'ended'] },
  { name: 'exceptional', label: words.runs.exceptional, options: ['true', 'false'] },
  { name: 'since', label: words.filters.since, isMoment: true },
  { name: 'until', label: words.filters.until, isMoment: true },
];

/** What one agent did for one person in one task, over all protocols, newest first. */
export function Runs() {
  const filter = useSearch({ from: '/shell/runs' });
  const navigate = useNavigate();
  const me = useViewer();
  const here = useIsSomebodyHere();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    ...runsQuery(filter),
    // As long as only the first page is shown, what begins now comes by itself.
    refetchInterval: ({ state }) => (here && state.data?.pages.length === 1 ? listPaceMs : false),
  });
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  return (
    <>
      <PageHead title={words.places.runs}>
        {seesAll(me) ? words.runs.everybodys : words.runs.own} {data !== undefined && words.listed(rows.length, hasNextPage)}
      </PageHead>
      <FilterBar fields={fields} values={filter} onChange={(values) => void navigate({ to: '/runs', search: values })} />
      {isPending && <Loading what={words.places.runs} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <Ledger
          label={words.places.runs}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          onOpen={(row) => void navigate({ to: '/runs/$run', params: { run: row.id } })}
          card={card}
          hasMore={hasNextPage}
          more={more}
          empty={<Empty title={Object.keys(filter).length === 0 ? words.runs.none : words.filters.nothing}>{words.runs.noneHint}</Empty>}
        />
      )}
    </>
  );
}

function barred({ counts, turnedAway }: Run): number {
  return counts.refused + counts.denied + counts.expired + turnedAway;
}

/** The worst of a run: what is missing from its record, then what was barred, then what waits, then that it goes on. */
function runMark(run: Run): Mark {
  if (run.counts.gaps > 0) return 'gap';
  if (barred(run) > 0) return 'refused';
  if (run.counts.undecided > 0) return 'held';
  if (run.activeSessions > 0) return 'open';
  return run.counts.approved > 0 ? 'approved' : 'permitted';
}

function whoOf({ principal, agents }: Run) {
  return { ...principal, agent: agents.length === 0 ? null : agents.join(', ') };
}

const statusOf = ({ activeSessions }: Run) => words.runs.status[activeSessions > 0 ? 'active' : 'ended'];
const some = (count: number) => (count === 0 ? '' : count.toLocaleString());

const columns: readonly Column<Run>[] = [
  {
    id: 'status',
    head: words.columns.status,
    width: '10ch',
    // The shape says what became of it, the word whether it goes on: a run that ended was not ended for what was refused in it.
    cell: (row) => (
      <span className="inline-flex items-center gap-1.5">
        <MarkLabel mark={runMark(row)} bare />
        <span className="text-quiet">{statusOf(row)}</span>
      </span>
    ),
  },
  {
    id: 'started',
    head: words.columns.started,
    width: '15ch',
    cell: (row) => (
      <Link to="/runs/$run" params={{ run: row.id }} tabIndex={-1} className="no-underline hover:underline">
        <Moment at={row.startedAt} precision="day" />
      </Link>
    ),
  },
  {
    id: 'name',
    head: words.runs.name,
    width: 'minmax(0,2fr)',
    cell: (row) =>
      row.name === null ? <span className="text-quiet">{words.runs.unnamed}</span> : <Visible text={row.name} limit={80} line />,
  },
  { id: 'who', head: words.columns.who, width: 'minmax(0,3fr)', cell: (row) => <Who who={whoOf(row)} /> },
  {
    id: 'connections',
    head: words.runs.connections,
    width: 'minmax(0,2fr)',
    cell: (row) => <Visible text={row.connections.join(', ')} limit={120} line />,
  },
  { id: 'exchanges', head: words.columns.exchanges, width: '10ch', end: true, cell: (row) => row.counts.exchanges.toLocaleString() },
  {
    id: 'barred',
    head: words.runs.barred,
    width: '7ch',
    end: true,
    cell: (row) => <span className="text-refused">{some(barred(row))}</span>,
  },
  {
    id: 'approved',
    head: words.runs.approved,
    width: '9ch',
    end: true,
    cell: (row) => <span className="text-approved">{some(row.counts.approved)}</span>,
  },
  {
    id: 'masked',
    head: words.columns.masked,
    width: '7ch',
    end: true,
    cell: (row) => <span className="text-masked">{some(row.counts.masked)}</span>,
  },
  {
    id: 'took',
    head: words.columns.took,
    width: '10ch',
    end: true,
    cell: (row) => (row.endedAt === null ? words.sessions.goesOn : lasting(Date.parse(row.endedAt) - Date.parse(row.startedAt))),
  },
];

function card(row: Run) {
  return (
    <>
      <div className="flex justify-between gap-2">
        <span className="flex min-w-0 gap-2">
          <MarkLabel mark={runMark(row)} word={statusOf(row)} bare />
          <span className="truncate">
            <Visible text={row.name ?? words.runs.unnamed} limit={60} line /> · <Who who={whoOf(row)} />
          </span>
        </span>
        <Moment at={row.startedAt} precision="clock" />
      </div>
      <div className="truncate text-quiet">
        <Visible text={row.connections.join(', ')} limit={60} line /> · {words.sessions.counted(row.counts.exchanges, barred(row))}
      </div>
    </>
  );
}
