import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { addressOf } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import type { Session } from '../api/types.ts';
import { lasting, Moment, sized } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading, Missing } from '../parts/states.tsx';
import { MarkLabel, Shape, tintOf } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { Who } from '../parts/who.tsx';
import { ExchangeList } from '../player/exchange-list.tsx';
import { ExchangeView } from '../player/exchange-view.tsx';
import { isLarge, LargeSession } from '../player/large-session.tsx';
import { useSteps } from '../player/steps.ts';
import { Stop } from '../player/stop-session.tsx';
import { isException } from '../player/timeline.tsx';
import { Transport } from '../player/transport.tsx';
import type { Reach } from '../recording/recording.ts';
import { useTail } from '../recording/tail.ts';
import { type Player, usePlayer, useRecording } from '../recording/use-player.ts';
import { isOwn, seesAll, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';
import { sessionMark } from './sessions.tsx';

const formats = ['ndjson', 'har', 'patch', 'asciicast'] as const;

/** One session, watched or played: what was asked on the left, what came of it on the right, the whole of it in time below. */
export function SessionPage() {
  const { id } = useParams({ from: '/shell/sessions/$id' });
  const session = useQuery(sessionQuery(id));
  if (session.isPending) return <Loading what={words.session.one} />;
  if (session.isError) return <Missing what={words.session.unnamed} fault={session.error} retry={() => void session.refetch()} />;
  return isLarge(session.data) ? <Large key={id} session={session.data} /> : <Watched key={id} session={session.data} />;
}

function Large({ session }: { readonly session: Session }) {
  const tail = useTail(session.id, session.status === 'active', useTelling(session.id));
  const reach = tail?.reach ?? null;
  return (
    <>
      <Head session={session} word={words.reach[reach === null || reach.kind === 'whole' ? session.status : reach.kind]} />
      <Notices session={session} reach={reach} />
      <LargeSession session={session} tail={tail} />
    </>
  );
}

/** The stream says how the session stands, by the same schema as the question that was asked first. */
function useTelling(session: string): (state: unknown) => void {
  const queries = useQueryClient();
  return (state) => void queries.setQueryData(sessionQuery(session).queryKey, state as Session);
}

function Watched({ session }: { readonly session: Session }) {
  const recording = useRecording(session.id, session.status === 'active', useTelling(session.id));
  const { reach } = recording;
  const player = usePlayer(recording);
  const { current, select } = useCurrent(player);
  const steps = useSteps(current, select);
  const exchange = current === null ? null : recording.exchange(current);
  return (
    <>
      <Head session={session} word={words.reach[reach.kind === 'whole' ? session.status : reach.kind]} />
      <Notices session={session} reach={reach} />
      <div className="flex shrink-0 grow flex-col border-t border-hairline lg:min-h-56 lg:flex-1 lg:flex-row">
        <div className="flex max-h-[max(35vh,--spacing(44))] min-h-0 shrink-0 flex-col border-b border-hairline lg:max-h-none lg:w-[36%] lg:border-r lg:border-b-0">
          <ExchangeList recording={recording} shown={player.shown} current={steps.at} onSelect={steps.to} />
        </div>
        <div className="min-w-0 lg:min-h-0 lg:flex-1 lg:overflow-y-auto" data-inspector="">
          {exchange === null ? (
            <Nothing reach={reach} />
          ) : (
            <ExchangeView
              key={exchange.ordinal}
              recording={recording}
              exchange={exchange}
              shown={player.shown}
              goesOn={reach.kind !== 'whole'}
            />
          )}
        </div>
      </div>
      <Transport player={player} steps={steps} />
    </>
  );
}

/** Only what is read as a whole can be said to hold nothing. */
function Nothing({ reach }: { readonly reach: Reach }) {
  if (reach.kind === 'broken') return null;
  return reach.kind === 'whole' ? <Empty title={words.session.nothing} /> : <Loading what={words.session.recording} />;
}

/** The exchange that is looked at: the address's, or where the head stands while it plays, or the first exception. */
function useCurrent(player: Player) {
  const { recording, playing, shown, seek } = player;
  const { exchange, sequence } = useSearch({ from: '/shell/sessions/$id' });
  const navigate = useNavigate({ from: '/sessions/$id' });
  const { kind } = recording.reach;
  // Of a session that goes on, the lines come one after another.
  const ready = kind === 'whole' || (kind === 'live' && recording.lastSequence > Number(sequence));
  useEffect(() => {
    if (sequence === undefined || !ready) return;
    const place = recording.placeOf(Number(sequence));
    seek(recording.moments[place] ?? null);
  }, [sequence, ready, recording, seek]);
  const asked =
    exchange ?? (sequence === undefined ? undefined : String(recording.lines[recording.placeOf(Number(sequence))]?.exchange ?? 0));
  const head = recording.lines[shown - 1]?.exchange ?? null;
  const first = recording.exchanges.find(isException) ?? recording.exchanges.find(({ ordinal }) => ordinal > 0) ?? recording.exchanges[0];
  const current = playing ? head : asked === undefined ? (first?.ordinal ?? null) : Number(asked);
  const select = (ordinal: number) => {
    const from = recording.exchange(ordinal);
    if (playing && from !== null) seek(recording.moments[from.from] ?? 0);
    else seek(null);
    void navigate({ search: { exchange: String(ordinal) }, replace: true });
  };
  return { current, select };
}

function Head({ session, word }: { readonly session: Session; readonly word: string }) {
  const ended = session.endedAt;
  return (
    <PageHead
      title={words.session.title(session.connection)}
      actions={
        <>
          <details name="export" className="relative">
            <summary className="button list-none">{words.session.export}</summary>
            <ul className="popup py-1 lg:w-72 lg:right-0">
              {formats.map((format) => (
                <li key={format}>
                  <a
                    className="block px-3 py-1 no-underline hover:bg-sunken"
                    href={addressOf(`/api/v1/sessions/${encodeURIComponent(session.id)}/export`, { format })}
                    download
                  >
                    {words.session.exports[format]}
                  </a>
                </li>
              ))}
            </ul>
          </details>
          <Stop address={`/api/v1/sessions/${encodeURIComponent(session.id)}`} sessions={[session]} />
        </>
      }
    >
      <p className="flex flex-wrap gap-x-4 *:max-w-full *:min-w-0">
        <MarkLabel mark={sessionMark(session)} word={word} />
        <span className="text-ink">
          <Who who={session.principal} />
        </span>
        {session.run !== null && (
          <span>
            {words.columns.run}{' '}
            <Link to="/runs" search={{ name: session.run }}>
              <Visible text={session.run} limit={80} line />
            </Link>
          </span>
        )}
        <span>
          <Moment at={session.startedAt} />
          {ended !== null && ` · ${lasting(Date.parse(ended) - Date.parse(session.startedAt))}`}
        </span>
        <span>{words.sessions.counted(session.exchanges, session.refused)}</span>
        <span>{words.session.bytes(sized(session.bytesToTarget), sized(session.bytesToClient))}</span>
      </p>
    </PageHead>
  );
}

/** What must not be missed: how it ended, what is missing, and what came between the page and the record. */
function Notices({ session, reach }: { readonly session: Session; readonly reach: Reach | null }) {
  const me = useViewer();
  return (
    <>
      {!isOwn(me, session) && seesAll(me) && <p className="px-4 pb-2 text-meta text-quiet">{words.session.lookIsRecorded}</p>}
      {session.status === 'refused' && (
        <p className={`mx-4 mb-2 p-2 ${tintOf('refused')}`}>
          {words.session.turnedAway(session.code ?? '')} <Visible text={session.detail ?? session.reason ?? ''} />
        </p>
      )}
      {session.status === 'interrupted' && <p className={`mx-4 mb-2 p-2 ${tintOf('gap')}`}>{words.session.interrupted}</p>}
      {session.recording === 'gap' && (
        <p className={`hatch mx-4 mb-2 flex items-center gap-2 p-2 ${tintOf('gap')}`}>
          <Shape mark="gap" />
          {words.session.gap}
        </p>
      )}
      <div role="status" className="px-4 text-quiet">
        {reach?.kind === 'reconnecting' && <p className="pb-2">{words.session.reconnecting}</p>}
      </div>
      {reach?.kind === 'broken' && <Fault fault={reach.fault} />}
    </>
  );
}
