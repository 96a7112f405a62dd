import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useRef } from 'react';
import { lasting } from '../parts/moment.tsx';
import { type Mark, markOf, Shape } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import type { Recorded, Recording } from '../recording/recording.ts';
import { words } from '../text.ts';

interface ExchangeListProps {
  readonly recording: Recording;
  readonly shown: number;
  readonly current: number | null;
  readonly onSelect: (ordinal: number) => void;
}

const height = 28;

/** What was asked, in order, as a list box: arrows choose, and the choice is in the address. */
export function ExchangeList({ recording, shown, current, onSelect }: ExchangeListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { exchanges } = recording;
  const virtual = useVirtualizer({
    count: exchanges.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 10,
  });
  const at = exchanges.findIndex(({ ordinal }) => ordinal === current);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  const step = (by: number) => {
    const next = exchanges[Math.max(0, Math.min(exchanges.length - 1, at + by))];
    if (next !== undefined) onSelect(next.ordinal);
  };
  return (
    <div
      ref={scroller}
      role="listbox"
      tabIndex={0}
      aria-label={words.places.exchanges}
      aria-activedescendant={at >= 0 ? `exchange-${current ?? ''}` : undefined}
      className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
      onKeyDown={(event) => {
        const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
        if (by === 0) return;
        event.preventDefault();
        step(by);
      }}
    >
      <div className="relative" role="presentation" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const exchange = exchanges[index];
          if (exchange === undefined) return null;
          return (
            <div
              key={exchange.ordinal}
              id={`exchange-${exchange.ordinal}`}
              role="option"
              aria-selected={exchange.ordinal === current}
              aria-posinset={index + 1}
              aria-setsize={exchanges.length}
              onClick={() => onSelect(exchange.ordinal)}
              style={{ transform: `translateY(${start}px)`, height }}
              className={`${rowClass} ${exchange.from >= shown ? 'opacity-40' : ''}`}
            >
              <Row exchange={exchange} lines={exchange.places.length} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const rowClass =
  'absolute inset-x-0 top-0 grid grid-cols-[4ch_12px_minmax(0,1fr)_auto] items-center gap-x-2 px-4 border-b border-hairline/60 hover:bg-sunken ' +
  'aria-selected:bg-sunken aria-selected:shadow-[inset_2px_0_0_var(--ink)]';

interface RowProps {
  readonly exchange: Recorded;
  /** An exchange grows as its lines come: with as many of them it says the same. */
  readonly lines: number;
}

const Row = memo(function Row({ exchange }: RowProps) {
  const { ordinal, action, outcome, endedAt, startedAt, masked } = exchange;
  return (
    <>
      <span className="text-right text-quiet">{ordinal === 0 ? '' : ordinal}</span>
      <Shape mark={listMark(exchange)} />
      <code className="truncate">
        {ordinal === 0 ? (
          <span className="font-sans text-quiet">{words.exchange.channel}</span>
        ) : (
          <Visible text={action?.text || (action?.name ?? '')} limit={200} line />
        )}
      </code>
      <span className="flex items-center gap-2 text-quiet">
        {masked.length > 0 && <Shape mark="masked" size={10} />}
        {outcome?.status === 'error' && <span className="text-ink">{words.exchange.outcome('error')}</span>}
        {outcome !== null && outcome.rows !== null && words.rows.counted(outcome.rows)}
        {endedAt !== null && ordinal > 0 && (
          <span className="min-w-[7ch] text-right whitespace-nowrap">{lasting(endedAt - startedAt)}</span>
        )}
        <span className="sr-only">{words.mark[listMark(exchange)]}</span>
      </span>
    </>
  );
});

function listMark({ ordinal, missing, decision, outcome }: Recorded): Mark {
  if (missing === 'gap') return 'gap';
  if (ordinal === 0) return 'permitted';
  if (decision === null && outcome !== null) return 'refused';
  return markOf(decision?.verdict ?? null);
}
