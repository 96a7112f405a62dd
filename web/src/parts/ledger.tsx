import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useKeys } from '../shell/keys.tsx';
import { words } from '../text.ts';
import { useNarrow } from './narrow.ts';

export interface Column<Row> {
  readonly id: string;
  readonly head: string;
  /** A track of the grid: `12ch`, `minmax(0,2fr)`. */
  readonly width: string;
  readonly cell: (row: Row) => ReactNode;
  readonly end?: boolean;
}

export interface LedgerProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly onOpen: (row: Row) => void;
  /** Two lines for narrow screens. */
  readonly card: (row: Row) => ReactNode;
  /** Whether there are more rows than are here; `more` fetches them. */
  readonly hasMore?: boolean;
  readonly more?: () => void;
  readonly selected?: string | null;
  readonly empty: ReactNode;
  readonly foot?: ReactNode;
}

/** A row that is walked to is drawn by the next frame, or by a later one where the machine is busy. */
const mostFrames = 30;
const rowHeight = 28;
const cardHeight = 60;

/** A table of any length: a fixed height a row, a handful of rows in the page, arrows and j k to walk, Enter to open. */
export function Ledger<Row>(props: LedgerProps<Row>) {
  const { rows, columns, label, keyOf, onOpen, hasMore = false, more, empty, foot, selected = null } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  // By its key: rows that come above must not make another row the one that Enter opens.
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const active = useMemo(
    () => Math.max(0, activeKey === null ? 0 : rows.findIndex((row) => keyOf(row) === activeKey)),
    [rows, keyOf, activeKey],
  );
  const setActive = (index: number) => {
    const row = rows[index];
    if (row !== undefined) setActiveKey(keyOf(row));
  };
  const height = narrow ? cardHeight : rowHeight;
  const virtual = useRowsInSight(rows.length, height, active, scroller);
  const chosen = useMemo(() => (selected === null ? -1 : rows.findIndex((row) => keyOf(row) === selected)), [rows, keyOf, selected]);
  useEffect(() => {
    if (chosen >= 0) virtual.scrollToIndex(chosen);
  }, [chosen, virtual]);
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 30) more?.();
  }, [hasMore, last, rows.length, more]);
  const walk = useWalk({ rows, active, setActive, onOpen, virtual, scroller });
  const tracks = columns.map(({ width }) => width).join(' ');
  if (rows.length === 0 && !hasMore) return empty;
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto border-t border-hairline" data-ledger="">
      <Grid label={label} rows={hasMore ? null : rows.length} columns={columns.length} onKeyDown={walk}>
        <Head columns={columns} tracks={tracks} hidden={narrow} />
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <div
                key={keyOf(row)}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={keyOf(row) === selected}
                data-index={index}
                tabIndex={index === active ? 0 : -1}
                onFocus={() => setActive(index)}
                onClick={(event) => openByClick(event.target, () => onOpen(row))}
                style={{ transform: `translateY(${start}px)`, height, gridTemplateColumns: narrow ? 'minmax(0,1fr)' : tracks }}
                className={rowClass}
              >
                {narrow ? <CardCell>{props.card(row)}</CardCell> : <Cells row={row} columns={columns} />}
              </div>
            );
          })}
        </div>
      </Grid>
      {foot}
    </div>
  );
}

interface GridProps {
  readonly label: string;
  /** How many there are; null while that is not known. */
  readonly rows: number | null;
  readonly columns: number;
  readonly onKeyDown: (event: KeyboardEvent<HTMLDivElement>) => void;
  readonly children: ReactNode;
}

function Grid({ label, rows, columns, onKeyDown, children }: GridProps) {
  const shape = { 'aria-rowcount': rows === null ? -1 : rows + 1, 'aria-colcount': columns };
  return (
    <div role="grid" tabIndex={-1} aria-label={label} {...shape} onKeyDown={onKeyDown} className="outline-none">
      {children}
    </div>
  );
}

function useRowsInSight(count: number, height: number, active: number, scroller: { readonly current: HTMLDivElement | null }) {
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    // The row that has the focus stays in the page wherever the reader scrolls.
    rangeExtractor: (range) =>
      [...new Set([...defaultRangeExtractor(range), Math.min(active, range.count - 1)])].filter((at) => at >= 0).toSorted((a, b) => a - b),
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  return virtual;
}

function CardCell({ children }: { readonly children: ReactNode }) {
  return (
    <div role="gridcell" className="min-w-0 py-1.5">
      {children}
    </div>
  );
}

const rowClass =
  'absolute inset-x-0 top-0 grid items-center gap-x-3 px-4 border-b border-hairline/60 outline-offset-[-2px] hover:bg-sunken ' +
  'aria-selected:bg-sunken aria-selected:shadow-[inset_2px_0_0_var(--ink)]';

function Head<Row>({
  columns,
  tracks,
  hidden,
}: {
  readonly columns: readonly Column<Row>[];
  readonly tracks: string;
  readonly hidden: boolean;
}) {
  const shape = hidden ? 'sr-only' : 'sticky top-0 z-10 grid h-7 items-center gap-x-3 border-b border-hairline bg-canvas px-4 text-quiet';
  return (
    <div role="rowgroup" className="contents">
      <div role="row" aria-rowindex={1} className={shape} style={hidden ? {} : { gridTemplateColumns: tracks }}>
        {columns.map(({ id, head, end }) => (
          <div key={id} role="columnheader" className={`truncate text-meta ${end === true ? 'text-right' : ''}`}>
            {head}
          </div>
        ))}
      </div>
    </div>
  );
}

const Cells = memo(function Cells<Row>({ row, columns }: { readonly row: Row; readonly columns: readonly Column<Row>[] }) {
  return columns.map(({ id, cell, end }) => (
    <div key={id} role="gridcell" className={`min-w-0 truncate ${end === true ? 'text-right' : ''}`}>
      {cell(row)}
    </div>
  ));
}) as <Row>(props: { readonly row: Row; readonly columns: readonly Column<Row>[] }) => ReactNode;

/** A click on a link or a button within a row is that one's own, and so is a selection of text. */
function openByClick(target: EventTarget, open: () => void): void {
  if (target instanceof Element && target.closest('a, button, input') !== null) return;
  if ((window.getSelection()?.toString() ?? '') !== '') return;
  open();
}

interface Walk<Row> {
  readonly rows: readonly Row[];
  readonly active: number;
  readonly setActive: (index: number) => void;
  readonly onOpen: (row: Row) => void;
  readonly virtual: { readonly scrollToIndex: (index: number) => void };
  readonly scroller: { readonly current: HTMLDivElement | null };
}

function useWalk<Row>({ rows, active, setActive, onOpen, virtual, scroller }: Walk<Row>) {
  // Keys come faster than frames: the next step is from where the last one leads, also where its row is not drawn yet.
  const onTheWay = useRef<number | null>(null);
  const go = useCallback(
    (to: number) => {
      const index = Math.max(0, Math.min(rows.length - 1, to));
      setActive(index);
      virtual.scrollToIndex(index);
      onTheWay.current = index;
      const arrive = (frames: number) => {
        if (onTheWay.current !== index) return;
        if (focusRow(scroller.current, index) || frames === 0) onTheWay.current = null;
        else {
          // The row that had the focus may go before this one comes; keys pressed in between must not go nowhere.
          scroller.current?.querySelector<HTMLElement>('[role="grid"]')?.focus({ preventScroll: true });
          requestAnimationFrame(() => arrive(frames - 1));
        }
      };
      arrive(mostFrames);
    },
    [rows.length, setActive, virtual, scroller],
  );
  const step = (by: number) => {
    const from = onTheWay.current ?? focusedRow(scroller.current);
    go(from === null ? active : from + by);
  };
  useKeys(words.keys.lists, [
    { keys: 'j', says: words.keys.nextRow, run: () => step(1) },
    { keys: 'k', says: words.keys.previousRow, run: () => step(-1) },
  ]);
  return (event: KeyboardEvent<HTMLDivElement>) => {
    if (!(event.target instanceof HTMLElement) || !/^(row|grid)$/.test(event.target.getAttribute('role') ?? '')) return;
    const from = onTheWay.current ?? active;
    const row = rows[from];
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(from + 1),
      ArrowUp: () => go(from - 1),
      PageDown: () => go(from + 20),
      PageUp: () => go(from - 20),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      Enter: () => row !== undefined && onOpen(row),
    };
    const taken = steps[event.key];
    if (taken === undefined) return;
    event.preventDefault();
    taken();
  };
}

/** Whether the row is in the page to take the focus. */
function focusRow(scroller: HTMLDivElement | null, index: number): boolean {
  const row = scroller?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? null;
  row?.focus();
  return row !== null;
}

function focusedRow(scroller: HTMLDivElement | null): number | null {
  const row = scroller?.contains(document.activeElement) === true ? document.activeElement?.closest<HTMLElement>('[data-index]') : null;
  return row?.dataset['index'] === undefined ? null : Number(row.dataset['index']);
}
