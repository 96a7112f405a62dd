import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { serverNow } from '../api/client.ts';
import { approvalsQuery } from '../api/queries.ts';
import type { Approval } from '../api/types.ts';
import { TimeLeft } from '../approvals/clock.tsx';
import { effectLine } from '../approvals/tier.ts';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { Moment } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { Who } from '../parts/who.tsx';
import { useInboxPace, useOpenApprovals } from '../shell/held-count.tsx';
import { mayDecide, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';
import { approvalMark } from './approval.tsx';

/** What waits, the shortest time left first, so that what comes new comes below; what ends while one looks stays in its place, grey. */
export function Approvals() {
  const { status } = useSearch({ from: '/shell/approvals' });
  const navigate = useNavigate();
  const [since] = useState(serverNow);
  const pace = useInboxPace();
  const answer = useInfiniteQuery({ ...approvalsQuery(null), refetchInterval: pace });
  const { data, error, isPending, hasNextPage, isFetching, isFetchingNextPage, fetchNextPage, refetch } = answer;
  const me = useViewer();
  const history = status === 'all';
  const open = useOpenApprovals();
  const newest = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const rows = useMemo(() => (history ? newest : inbox(newest, open, since)), [newest, open, history, since]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  useWhatBecame(open, newest, hasNextPage && !isFetching, more);
  const mine = open.filter((approval) => mayDecide(me, approval) === 'yes').length;
  return (
    <>
      <PageHead
        title={words.places.approvals}
        actions={
          <Link to="/approvals" search={history ? {} : { status: 'all' }} className="button">
            {history ? words.approvals.toOpen : words.approvals.toAll}
          </Link>
        }
      >
        <span role="status">{words.approvals.waitForYou(mine)}</span>
      </PageHead>
      {isPending && <Loading what={words.places.approvals} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <Ledger
          label={words.places.approvals}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          onOpen={(row) => void navigate({ to: '/approvals/$id', params: { id: row.id } })}
          card={card}
          hasMore={history && hasNextPage}
          more={more}
          empty={<Empty title={words.approvals.none}>{words.approvals.noneHint}</Empty>}
        />
      )}
    </>
  );
}

function inbox(newest: readonly Approval[], open: readonly Approval[], since: number): readonly Approval[] {
  const all = [...new Map([...newest, ...open].map((approval) => [approval.id, approval])).values()];
  const shown = all.filter(({ status, endedAt }) => status === 'open' || (endedAt !== null && Date.parse(endedAt) > since));
  return shown.toSorted((a, b) => Date.parse(a.expiresAt) - Date.parse(b.expiresAt) || (a.id < b.id ? -1 : 1));
}

/** Looks further back for what was seen here to wait, and waits no more: it stays in its place with what became of it. */
function useWhatBecame(open: readonly Approval[], newest: readonly Approval[], mayLook: boolean, look: () => void): void {
  const seen = useRef(new Set<string>());
  useEffect(() => {
    for (const { id } of open) seen.current.add(id);
    const known = new Set([...open, ...newest].map(({ id }) => id));
    if (mayLook && [...seen.current].some((id) => !known.has(id))) look();
  }, [open, newest, mayLook, look]);
}

const columns: readonly Column<Approval>[] = [
  {
    id: 'status',
    head: words.columns.status,
    width: '12ch',
    cell: (row) => <MarkLabel mark={approvalMark(row.status)} word={words.approvals.status[row.status]} />,
  },
  {
    id: 'left',
    head: words.approvals.left,
    width: '10ch',
    end: true,
    cell: (row) => (row.status === 'open' ? <TimeLeft until={row.expiresAt} /> : ''),
  },
  {
    id: 'effect',
    head: words.columns.effect,
    width: 'minmax(0,5fr)',
    cell: (row) => (
      <Link
        to="/approvals/$id"
        params={{ id: row.id }}
        tabIndex={-1}
        className={`no-underline hover:underline ${row.status === 'open' ? '' : 'text-quiet'}`}
      >
        <Visible text={effectLine(row)} limit={200} line />
      </Link>
    ),
  },
  { id: 'who', head: words.columns.who, width: 'minmax(0,3fr)', cell: (row) => <Who who={row.requester} /> },
  { id: 'groups', head: words.approvals.asks, width: '14ch', cell: (row) => <Visible text={row.groups.join(', ')} limit={60} line /> },
  { id: 'asked', head: words.approvals.asked, width: '15ch', cell: (row) => <Moment at={row.createdAt} precision="day" /> },
];

function card(row: Approval) {
  return (
    <>
      <div className="flex justify-between gap-2">
        <MarkLabel mark={approvalMark(row.status)} word={words.approvals.status[row.status]} />
        <span className="min-w-0 flex-1 truncate text-quiet">
          <Who who={row.requester} />
        </span>
        <span className="text-quiet">
          {row.status === 'open' ? <TimeLeft until={row.expiresAt} /> : <Moment at={row.createdAt} precision="clock" />}
        </span>
      </div>
      <div className="truncate">
        <Visible text={effectLine(row)} limit={160} line />
      </div>
    </>
  );
}
