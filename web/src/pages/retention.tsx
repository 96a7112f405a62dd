import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { auditQuery, retentionQuery } from '../api/queries.ts';
import type { AuditEvent, Retention as Kept } from '../api/types.ts';
import { Moment, sized } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { PlainTable } from '../parts/plain-table.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { Visible } from '../parts/visible.tsx';
import { serverNow } from '../api/client.ts';
import { words } from '../text.ts';

/** How long recordings are kept, what is kept, what goes next, and what went. */
export function Retention() {
  const { data, error, isPending, refetch } = useQuery(retentionQuery);
  return (
    <div className="overflow-y-auto pb-8">
      <PageHead title={words.places.retention}>{words.retention.says}</PageHead>
      {isPending && <Loading what={words.places.retention} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data?.items.length === 0 && <Empty title={words.retention.none} />}
      {data !== undefined && data.items.length > 0 && <KeptTable kept={data} />}
      {data !== undefined && (
        <div className="px-4">
          <p className="mt-2">{words.retention.disk(sized(data.disk.bytes), data.disk.files, data.disk.complete)}</p>
          <ul className="mt-2 max-w-[90ch] list-disc pl-5 text-quiet">
            {words.retention.rules.map((rule) => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        </div>
      )}
      <Deleted />
    </div>
  );
}

function KeptTable({ kept }: { readonly kept: Kept }) {
  return (
    <div className="px-4">
      {!kept.complete && <p className="text-held">{words.retention.incomplete}</p>}
      <PlainTable
        label={words.places.retention}
        heads={words.retention.heads}
        ends={['sessions', 'crossed']}
        rows={kept.items.map((item) => ({ key: item.connection ?? '', cells: cellsOf(item) }))}
      />
    </div>
  );
}

function cellsOf({ connection, configuredDays, sessions, active, crossedBytes, oldest, next }: Kept['items'][number]) {
  const open = words.retention.open(active);
  return {
    connection:
      connection === null ? (
        words.retention.madeUp
      ) : (
        <Link to="/sessions" search={{ connection }}>
          <Visible text={connection} limit={80} line />
        </Link>
      ),
    kept: configuredDays === null ? words.retention.notConfigured : words.days(configuredDays),
    sessions: (
      <>
        {sessions.toLocaleString()} {open !== '' && <span className="text-quiet">({open})</span>}
      </>
    ),
    crossed: sized(crossedBytes),
    oldest: oldest !== null && <SessionMoment moment={oldest} />,
    next: next !== null && (
      <>
        <SessionMoment moment={next} /> {Date.parse(next.at) <= serverNow() && words.retention.due}
      </>
    ),
  };
}

function SessionMoment({ moment: { session, at } }: { readonly moment: NonNullable<Kept['items'][number]['next']> }) {
  return (
    <Link to="/sessions/$id" params={{ id: session }}>
      <Moment at={at} precision="minute" />
    </Link>
  );
}

const mostShown = 20;

function Deleted() {
  const { data, error, isPending, refetch } = useInfiniteQuery(auditQuery({ event: 'retention.deleted' }));
  const events = data?.pages.flatMap(({ items }) => items).slice(0, mostShown) ?? [];
  return (
    <section className="px-4 pt-6" aria-labelledby="deleted">
      <h2 id="deleted" className="text-section font-semibold">
        {words.retention.deleted}
      </h2>
      {isPending && <Loading what={words.retention.deleted} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && events.length === 0 && <p>{words.retention.noDeleted}</p>}
      {events.length > 0 && (
        <>
          <PlainTable
            label={words.retention.deleted}
            heads={words.retention.deletedHeads}
            ends={['size']}
            rows={events.map((event) => ({ key: event.id, cells: deletedCells(event) }))}
          />
          <p className="mt-1 text-quiet">{words.retention.allDeleted}</p>
        </>
      )}
    </section>
  );
}

function deletedCells({ at, detail }: AuditEvent) {
  const { connection, session, bytes, sha256 } = detail;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    at: <Moment at={at} />,
    connection: <Visible text={text(connection)} limit={80} line />,
    session: <code>{text(session)}</code>,
    size: typeof bytes === 'number' ? sized(bytes) : '',
    digest: <code className="break-all">{text(sha256)}</code>,
  };
}
