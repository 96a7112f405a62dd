import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import type { RunDetail, RunException } from '../api/types.ts';
import { lasting, Moment } from '../parts/moment.tsx';
import { MarkLabel, tintOf } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { markOfKind, placeOf } from './kind.ts';

/** What did not simply pass, each with what the run did next on the same object: barred, then reached another way, is what one looks for. */
export function Exceptions({ run, current }: { readonly run: RunDetail; readonly current: string | null }) {
  const { exceptions, moreExceptions } = run;
  return (
    <section aria-label={words.run.exceptions(exceptions.length)} className="shrink-0 border-t border-hairline">
      <h2 className="px-4 pt-2 text-meta text-quiet">{words.run.exceptions(exceptions.length + moreExceptions)}</h2>
      {exceptions.length === 0 ? (
        <p className="px-4 pb-2 text-quiet">{words.run.noExceptions}</p>
      ) : (
        <List exceptions={exceptions} current={current}>
          {(exception) => <Exception exception={exception} run={run.id} />}
        </List>
      )}
      {moreExceptions > 0 && <p className="px-4 pb-2 text-quiet">{words.run.more(moreExceptions)}</p>}
    </section>
  );
}

interface ListProps {
  readonly exceptions: readonly RunException[];
  readonly current: string | null;
  readonly children: (exception: RunException) => ReactNode;
}

/** What one is tall, until it has been measured. */
const usualHeight = 68;

/** There may be hundreds of them, of any height; those in sight are in the page. */
function List({ exceptions, current, children }: ListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: exceptions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => usualHeight,
    overscan: 4,
  });
  const at = current === null ? -1 : exceptions.findIndex(({ exchange }) => exchange.id === current);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  return (
    <div ref={scroller} className="max-h-[30vh] overflow-y-auto">
      <ul className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const exception = exceptions[index];
          return exception === undefined ? null : (
            <li
              key={exception.exchange.id}
              ref={virtual.measureElement}
              data-index={index}
              aria-setsize={exceptions.length}
              aria-posinset={index + 1}
              aria-current={index === at}
              style={{ transform: `translateY(${start}px)` }}
              className={itemClass}
            >
              {children(exception)}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const itemClass =
  'absolute inset-x-0 top-0 grid grid-cols-[11ch_minmax(0,1fr)] gap-x-3 border-b border-hairline/60 px-4 py-1 hover:bg-sunken ' +
  'sm:grid-cols-[11ch_10ch_minmax(0,1fr)] aria-[current=true]:bg-sunken aria-[current=true]:shadow-[inset_2px_0_0_var(--ink)]';

function Exception({ exception, run }: { readonly exception: RunException; readonly run: string }) {
  const { kind, exchange, workedAround } = exception;
  const mark = markOfKind(kind);
  return (
    <>
      <span className="self-start">
        <MarkLabel mark={mark} word={words.run.kinds[kind]} />
      </span>
      <span className="hidden text-quiet sm:block">
        <Moment at={exchange.startedAt} precision="clock" />
      </span>
      <div className="min-w-0">
        <Link
          to="/runs/$run/exchanges/$session/$ordinal"
          params={{ run, ...placeOf(exchange.id) }}
          className="block truncate font-mono text-code no-underline hover:underline"
        >
          <Visible text={exchange.text} limit={240} line />
        </Link>
        <p className="truncate text-quiet">
          <Visible text={exchange.connection} limit={40} line />
          {exchange.policies.length > 0 && ` · ${words.run.by(exchange.policies)}`}
          {exchange.approval !== null && (
            <>
              {' · '}
              <Link to="/approvals/$id" params={{ id: exchange.approval }}>
                {words.exchange.approval}
              </Link>
            </>
          )}
        </p>
        {kind !== 'approved' && <Aftermath exception={exception} run={run} />}
        {workedAround && <p className={`inline-block px-1 font-semibold ${tintOf('refused')}`}>{words.run.workedAround}</p>}
      </div>
    </>
  );
}

function Aftermath({ exception, run }: { readonly exception: RunException; readonly run: string }) {
  const { aftermath } = exception;
  if (aftermath === null) return <p className="text-quiet">{words.run.unknownAfter}</p>;
  const { kind, next, afterMs, count } = aftermath;
  return (
    <p className="truncate text-quiet">
      {words.run.next[kind]}
      {afterMs !== null && ` ${words.run.after(lasting(afterMs))}`}
      {words.run.times(count)}
      {next !== null && (
        <>
          {': '}
          <Link to="/runs/$run/exchanges/$session/$ordinal" params={{ run, ...placeOf(next.id) }} className="font-mono text-code">
            <Visible text={next.text} limit={120} line />
          </Link>
        </>
      )}
    </p>
  );
}
