import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { auditQuery } from '../api/queries.ts';
import type { AuditEvent } from '../api/types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { FilterBar, type FilterField } from '../parts/filter-bar.tsx';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { Moment } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { Visible } from '../parts/visible.tsx';
import { DocumentView } from '../player/document-view.tsx';
import { words } from '../text.ts';

const fields: readonly FilterField[] = [
  { name: 'event', label: words.audit.event, placeholder: words.audit.eventLike },
  { name: 'actor', label: words.audit.actor },
  { name: 'session', label: words.audit.session },
  { name: 'since', label: words.filters.since, isMoment: true },
  { name: 'until', label: words.filters.until, isMoment: true },
];

/** Who looked at what, who decided, and what the gateway itself did. */
export function Audit() {
  const filter = useSearch({ from: '/shell/audit' });
  const navigate = useNavigate();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery(auditQuery(filter));
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  const [open, setOpen] = useState<AuditEvent | null>(null);
  return (
    <>
      <PageHead title={words.places.audit}>
        {words.audit.says} {data !== undefined && words.listed(rows.length, hasNextPage)}
      </PageHead>
      <FilterBar fields={fields} values={filter} onChange={(values) => void navigate({ to: '/audit', search: values })} />
      {isPending && <Loading what={words.places.audit} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <Ledger
          label={words.places.audit}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          onOpen={setOpen}
          card={card}
          hasMore={hasNextPage}
          more={more}
          empty={<Empty title={Object.keys(filter).length === 0 ? words.audit.none : words.filters.nothing} />}
        />
      )}
      <Dialog open={open !== null} title={open?.event ?? ''} onClose={() => setOpen(null)}>
        {open !== null && (
          <>
            <p>
              <Visible text={open.actor} limit={300} line /> · <Moment at={open.at} precision="millisecond" />
            </p>
            {typeof open.detail['session'] === 'string' && (
              <p className="mb-2">
                <Link to="/sessions/$id" params={{ id: open.detail['session'] }}>
                  {words.audit.toSession}
                </Link>
              </p>
            )}
            <DocumentView value={open.detail} mediaType={open.id} />
          </>
        )}
      </Dialog>
    </>
  );
}

const detailOf = ({ detail }: AuditEvent) =>
  Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${inWords(value)}`)
    .join(' · ');

function inWords(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(', ') : JSON.stringify(value);
}

const columns: readonly Column<AuditEvent>[] = [
  { id: 'at', head: words.columns.at, width: '15ch', cell: (row) => <Moment at={row.at} precision="day" /> },
  { id: 'event', head: words.audit.event, width: '22ch', cell: (row) => row.event },
  { id: 'actor', head: words.columns.who, width: 'minmax(0,2fr)', cell: (row) => <Visible text={row.actor} limit={160} line /> },
  { id: 'detail', head: words.audit.detail, width: 'minmax(0,4fr)', cell: (row) => <Visible text={detailOf(row)} limit={256} line /> },
];

function card(row: AuditEvent) {
  return (
    <>
      <div className="flex justify-between gap-2">
        <span>{row.event}</span>
        <Moment at={row.at} precision="clock" />
      </div>
      <div className="truncate text-quiet">
        <Visible text={row.actor} limit={100} line />
      </div>
    </>
  );
}
