import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { runGlanceQuery, runQuery, storyQuery } from '../api/queries.ts';
import type { RunDetail, StoryItem } from '../api/types.ts';
import { type Column, Ledger } from '../parts/ledger.tsx';
import { lasting, Moment } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading, Missing } from '../parts/states.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { Who } from '../parts/who.tsx';
import { Stop } from '../player/stop-session.tsx';
import { Exceptions } from '../runs/exceptions.tsx';
import { markOfKind, placeOf } from '../runs/kind.ts';
import { Lanes } from '../runs/lanes.tsx';
import { useKeys } from '../shell/keys.tsx';
import { useIsSomebodyHere } from '../shell/presence.ts';
import { words } from '../text.ts';

const livePaceMs = 3_000;

/** One story in ten seconds: a counted sentence, what did not simply pass, the lanes, and the rest folded. */
export function RunPage() {
  const { run: id } = useParams({ from: '/shell/runs/$run' });
  const here = useIsSomebodyHere();
  const current = useLookedAt();
  const glance = useQuery({
    ...runGlanceQuery(id),
    refetchInterval: ({ state }) => ((state.data?.moreExceptions ?? 0) > 0 ? false : pace(state.data, here)),
  });
  // A run of few exceptions is told whole by its first answer.
  const whole = useQuery({
    ...runQuery(id),
    enabled: (glance.data?.moreExceptions ?? 0) > 0,
    refetchInterval: ({ state }) => pace(state.data, here),
  });
  // Where there is no room for both, what is looked at stands in the place of the story.
  const beside = current === null ? 'flex' : 'hidden lg:flex';
  const run = glance.data === undefined ? undefined : (whole.data ?? glance.data);
  if (run === undefined)
    return glance.isError ? (
      <Missing what={words.run.nameless} fault={glance.error} retry={() => void glance.refetch()} />
    ) : (
      <Loading what={words.run.one} />
    );
  return (
    <div className="flex shrink-0 grow basis-0 flex-col lg:min-h-0 lg:shrink lg:flex-row">
      <div className="flex min-w-0 flex-col lg:min-h-0 lg:flex-1">
        <Head run={run} beside={beside} />
        <div className={`min-h-0 flex-1 flex-col ${beside}`}>
          <Exceptions run={run} current={current} />
          <Lanes run={run} />
          <Story run={run} current={current} />
        </div>
      </div>
      <Outlet />
    </div>
  );
}

function Head({ run, beside }: { readonly run: RunDetail; readonly beside: string }) {
  const { name, principal, agents, startedAt, endedAt, lastAt, newestSessions } = run;
  const open = newestSessions.filter(({ status }) => status === 'active');
  return (
    <PageHead title={words.run.title(name)} actions={<Stop address={`/api/v1/runs/${encodeURIComponent(run.id)}`} sessions={open} />}>
      <p className={`flex-wrap gap-x-4 *:max-w-full *:min-w-0 ${beside}`}>
        <span className="text-ink">
          <Who who={{ ...principal, agent: agents.length === 0 ? null : agents.join(', ') }} />
        </span>
        <span>
          <Moment at={startedAt} /> · {lasting(Date.parse(endedAt ?? lastAt) - Date.parse(startedAt))}
        </span>
        <span>{words.runs.status[endedAt === null ? 'active' : 'ended']}</span>
      </p>
      <p className={`mt-1 text-prose text-ink ${beside}`} data-summary="">
        {run.summary}
      </p>
    </PageHead>
  );
}

/** How soon a run that goes on is asked for again. */
function pace(run: RunDetail | undefined, here: boolean): number | false {
  return run !== undefined && run.activeSessions > 0 && here ? livePaceMs : false;
}

/** The exchange that the inspector shows, `<session>/<ordinal>`. */
function useLookedAt(): string | null {
  const { session, ordinal } = useParams({ strict: false });
  return session === undefined || ordinal === undefined ? null : `${session}/${ordinal}`;
}

function Story({ run, current }: { readonly run: RunDetail; readonly current: string | null }) {
  const navigate = useNavigate();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery(storyQuery(run.id));
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const more = useCallback(() => void (isFetchingNextPage || fetchNextPage()), [isFetchingNextPage, fetchNextPage]);
  const open = (exchange: string) =>
    void navigate({ to: '/runs/$run/exchanges/$session/$ordinal', params: { run: run.id, ...placeOf(exchange) } });
  useExceptionKeys(run, current, open);
  if (isPending) return <Loading what={words.run.story} />;
  if (error !== null) return <Fault fault={error} retry={() => void refetch()} />;
  return (
    <section aria-label={words.run.story} className="flex h-[70vh] flex-col border-t border-hairline lg:h-auto lg:min-h-[30vh] lg:flex-1">
      <h2 className="px-4 pt-2 pb-1 text-meta text-quiet">
        {words.run.story} · {words.run.storySays}
      </h2>
      <Ledger
        label={words.run.story}
        columns={current === null ? columns : besideInspector}
        rows={rows}
        keyOf={(row) => row.exchange}
        onOpen={(row) => open(row.exchange)}
        selected={current}
        card={card}
        hasMore={hasNextPage}
        more={more}
        empty={<Empty title={words.session.nothing} />}
      />
    </section>
  );
}

function useExceptionKeys(run: RunDetail, current: string | null, open: (exchange: string) => void): void {
  const ids = run.exceptions.map(({ exchange }) => exchange.id);
  const step = (by: number) => {
    const next = ids[Math.max(0, Math.min(ids.length - 1, ids.indexOf(current ?? '') + by))];
    if (next !== undefined) open(next);
  };
  useKeys(words.run.one, [
    { keys: 'n', says: words.keys.nextException, run: () => step(1) },
    { keys: 'N', says: words.keys.previousException, run: () => step(-1) },
  ]);
}

const columns: readonly Column<StoryItem>[] = [
  {
    id: 'kind',
    head: words.columns.verdict,
    width: '11ch',
    cell: (row) => <MarkLabel mark={markOfKind(row.kind)} word={words.run.kinds[row.kind]} />,
  },
  { id: 'at', head: words.run.when, width: '9ch', cell: (row) => <Moment at={row.startedAt} precision="clock" /> },
  {
    id: 'connection',
    head: words.columns.connection,
    width: 'minmax(0,12ch)',
    cell: (row) => <Visible text={row.connection} limit={40} line />,
  },
  {
    id: 'acts',
    head: words.columns.action,
    width: 'minmax(0,2fr)',
    cell: (row) => <Visible text={words.run.folded(row.count, row.action)} limit={60} line />,
  },
  { id: 'objects', head: words.columns.objects, width: 'minmax(0,2fr)', cell: (row) => <Visible text={objectsOf(row)} limit={120} line /> },
  {
    id: 'text',
    head: words.columns.asked,
    width: 'minmax(0,5fr)',
    cell: (row) => (
      <code>
        <Visible text={row.text} limit={256} line />
      </code>
    ),
  },
];

/** What there is room for beside the inspector. */
const besideInspector = columns.filter(({ id }) => id !== 'connection' && id !== 'objects');

function objectsOf({ objects, moreObjects }: StoryItem): string {
  return `${objects.join(', ')}${moreObjects === 0 ? '' : ` ${words.more(moreObjects)}`}`;
}

function card(row: StoryItem) {
  return (
    <>
      <div className="flex justify-between gap-2">
        <MarkLabel mark={markOfKind(row.kind)} word={`${words.run.kinds[row.kind]} · ${words.run.folded(row.count, row.action)}`} />
        <Moment at={row.startedAt} precision="clock" />
      </div>
      <code className="block truncate">
        <Visible text={row.text} limit={160} line />
      </code>
    </>
  );
}
