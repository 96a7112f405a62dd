import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { getJson } from '../api/client.ts';
import { approvalQuery } from '../api/queries.ts';
import type { Approval, ExchangePage } from '../api/types.ts';
import { TimeLeft } from '../approvals/clock.tsx';
import { Decide } from '../approvals/decide.tsx';
import { effectLine } from '../approvals/tier.ts';
import { Moment } from '../parts/moment.tsx';
import { exchangeMark, outcomeWord } from '../parts/exchange-columns.tsx';
import { isFocusNowhere } from '../parts/nowhere.ts';
import { PageHead } from '../parts/page-head.tsx';
import { Loading, Missing } from '../parts/states.tsx';
import { type Mark, MarkLabel, tintOf } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { Who } from '../parts/who.tsx';
import { Statement } from '../player/statement.tsx';
import { useIsSomebodyHere } from '../shell/presence.ts';
import { mayDecide, seesAll, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

/** One question, in the order in which it should be read. All of it is what the gateway read in the bytes; the agent's telling stands last and quoted. */
export function ApprovalPage() {
  const { id } = useParams({ from: '/shell/approvals/$id' });
  const me = useViewer();
  const here = useIsSomebodyHere();
  const every = seesAll(me) ? 10_000 : 1_500;
  const approval = useQuery({
    ...approvalQuery(id),
    refetchInterval: ({ state }) => ((state.data?.status === 'open' || state.data?.status === 'approved') && here ? every : false),
  });
  if (approval.data === undefined)
    return approval.isError ? (
      <Missing what={words.approval.title} fault={approval.error} retry={() => void approval.refetch()} />
    ) : (
      <Loading what={words.approval.one} />
    );
  return <Card key={approval.data.digest} approval={approval.data} />;
}

function Card({ approval }: { readonly approval: Approval }) {
  const me = useViewer();
  const [read, setRead] = useState(false);
  const may = mayDecide(me, approval);
  const open = approval.status === 'open';
  const [wasOpen] = useState(open);
  const answered = approval.decisions.some(({ issuer, subject }) => issuer === me.principal.issuer && subject === me.principal.subject);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto" data-approval={approval.status}>
      <PageHead title={words.approval.title}>
        <StatusLine approval={approval} />
      </PageHead>
      <div className="max-w-[96ch]">
        {!open && <Ended approval={approval} take={wasOpen} />}
        <p className="px-4 pt-2 text-section font-semibold" data-effect="">
          <Visible text={effectLine(approval)} limit={400} line />
        </p>
        <ExactText approval={approval} onRead={() => setRead(true)} />
        <Facts approval={approval} />
        <SoFar approval={approval} />
        <Stated approval={approval} />
      </div>
      {open && may === 'yes' && !answered && <Decide approval={approval} read={read} />}
      {open && (may !== 'yes' || answered) && (
        <p className="sticky bottom-0 border-t border-control bg-canvas p-4 text-quiet">
          {answered ? words.approval.answered : words.approval.mayNot[may === 'yes' ? 'stranger' : may](approval.groups)}
        </p>
      )}
    </div>
  );
}

export function approvalMark(status: Approval['status']): Mark {
  switch (status) {
    case 'open':
      return 'held';
    case 'approved':
    case 'used':
      return 'approved';
    case 'denied':
    case 'expired':
    case 'withdrawn':
      return 'refused';
    default:
      return status satisfies never;
  }
}

function StatusLine({ approval }: { readonly approval: Approval }) {
  return (
    <p className="flex flex-wrap gap-x-4 *:max-w-full *:min-w-0" role="status">
      <MarkLabel mark={approvalMark(approval.status)} word={words.approvals.status[approval.status]} />
      {approval.status === 'open' && (
        <span className="text-ink">
          <TimeLeft until={approval.expiresAt} /> {words.approval.left}
        </span>
      )}
      <span>
        {words.approval.asked} <Moment at={approval.createdAt} />
      </span>
    </p>
  );
}

function Ended({ approval, take }: { readonly approval: Approval; readonly take: boolean }) {
  const told = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The form that was answered has gone, and the focus with it.
    if (take && isFocusNowhere()) told.current?.focus();
  }, [take]);
  return (
    <div
      ref={told}
      tabIndex={-1}
      className={`mx-4 mt-2 border-l-2 border-current p-3 ${tintOf(approvalMark(approval.status))}`}
      data-ended=""
    >
      <p className="text-prose">{words.approval.ended[approval.status]}</p>
      <ul className="text-ink">
        {approval.decisions.map((decision) => (
          <li key={`${decision.issuer} ${decision.subject} ${decision.at}`}>
            {words.approval.decided[decision.decision]} <Who who={decision} /> · <Moment at={decision.at} /> · {decision.via}
            {decision.reason !== null && (
              <>
                {' · “'}
                <Visible text={decision.reason} />”
              </>
            )}
          </li>
        ))}
        {approval.ended !== null && (
          <li>
            <Visible text={approval.ended} />
          </li>
        )}
      </ul>
    </div>
  );
}

/** The exact text, whole and wrapped. Its end must have been on screen before anybody can approve it. */
function ExactText({ approval, onRead }: { readonly approval: Approval; readonly onRead: () => void }) {
  const end = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const mark = end.current;
    if (mark === null) return undefined;
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && onRead());
    observer.observe(mark);
    return () => observer.disconnect();
  }, [onRead]);
  const shown = Array.from(approval.text).length;
  return (
    <div className="px-4 pt-3">
      <Statement text={approval.text} values={approval.parameters} end={<span ref={end} />} />
      {approval.parameterCount > approval.parameters.length && (
        <p className="text-held">{words.approval.valuesCut(approval.parameters.length, approval.parameterCount)}</p>
      )}
      {approval.textLength > shown && (
        <p className={`mt-1 p-2 ${tintOf('gap')}`}>
          {words.approval.cut(shown, approval.textLength)}{' '}
          <Link to="/sessions/$id" params={{ id: approval.session }}>
            {words.approval.whole}
          </Link>
        </p>
      )}
    </div>
  );
}

function Facts({ approval }: { readonly approval: Approval }) {
  const needed = approval.missing.people;
  // Of one that has ended nothing is to be expected any more: what became of it stands at the top.
  const open = approval.status === 'open';
  return (
    <dl className="grid grid-cols-1 gap-x-4 gap-y-2 px-4 pt-4 sm:grid-cols-[16ch_1fr]">
      <Fact name={words.approval.who}>
        <Who who={approval.requester} />
        {approval.run !== null && (
          <>
            {' · '}
            {words.columns.run} <Visible text={approval.run} limit={80} line />
          </>
        )}{' '}
        · {words.approval.from} <code>{approval.clientAddress}</code>
      </Fact>
      <Fact name={words.approval.why}>
        {approval.reasons.map((reason) => (
          <p key={reason}>
            <Visible text={reason} />
          </p>
        ))}
        <span className="text-quiet">{words.approval.rule(approval.policies)}</span>
      </Fact>
      <Fact name={words.approval.scope}>
        <p>{words.approval.estimate(approval.estimate)}</p>
        <ul>
          {approval.demands.slice(0, 20).map(({ action, object }) => (
            <li key={`${action} ${object?.type ?? ''} ${object?.name ?? ''}`}>
              <code>{action}</code>{' '}
              {object === null ? words.approval.itself : <Visible text={`${object.type} ${object.name}`} limit={160} line />}
            </li>
          ))}
          {approval.demands.length > 20 && <li>{words.more(approval.demands.length - 20)}</li>}
        </ul>
      </Fact>
      {(open || approval.status === 'approved') && (
        <Fact name={words.approval.does}>{approval.waiting ? words.approval.doesWaiting : words.approval.doesLater}</Fact>
      )}
      {open && (
        <>
          <Fact name={words.approval.clock}>
            <Moment at={approval.expiresAt} /> · {words.approval.noAnswer}
          </Fact>
          <Fact name={words.approval.needs}>{words.approval.needed(needed, approval.groups, approval.missing.groups)}</Fact>
        </>
      )}
      <Fact name={words.approval.digest}>
        <code className="break-all text-quiet">{approval.digest}</code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

/** What whoever asks says of it, as what it is: it comes last, in quotes, and nothing in it is more than text. */
function Stated({ approval: { stated, requester } }: { readonly approval: Approval }) {
  return (
    <section className="px-4 pb-4" aria-label={words.approval.stated} data-stated="">
      <h2 className="text-meta text-quiet">{words.approval.stated}</h2>
      {stated === null ? (
        <p className="text-quiet">{words.approval.nothingStated}</p>
      ) : (
        <>
          <p className="text-quiet">{words.approval.unverified(requester.agent !== null)}</p>
          <blockquote className="border-l-2 border-control pl-3 break-words">
            “<Visible text={stated} line />”
          </blockquote>
        </>
      )}
    </section>
  );
}

/** What the run did just before. Who may answer a question may not see the session it comes from, and is told so. */
function SoFar({ approval }: { readonly approval: Approval }) {
  const path = `/api/v1/sessions/${encodeURIComponent(approval.session)}/exchanges`;
  const before = useQuery({
    queryKey: ['so far', approval.session],
    queryFn: ({ signal }) => getJson<ExchangePage>(path, { limit: 200 }, signal),
    retry: false,
  });
  return (
    <section className="px-4 py-4" aria-label={words.approval.soFar}>
      <h2 className="text-meta text-quiet">{words.approval.soFar}</h2>
      {before.isError && <p className="text-quiet">{words.approval.notYours}</p>}
      <ul>
        {before.data?.items.slice(-5).map((exchange) => (
          <li key={exchange.id} className="grid grid-cols-[12ch_minmax(0,1fr)] gap-2">
            <MarkLabel mark={exchangeMark(exchange)} word={outcomeWord(exchange)} />
            <code className="truncate">
              <Visible text={exchange.text} limit={160} line />
            </code>
          </li>
        ))}
      </ul>
      {before.isSuccess && (
        <Link to="/sessions/$id" params={{ id: approval.session }}>
          {words.approval.session}
        </Link>
      )}
    </section>
  );
}
