import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import {
  type FocusEvent,
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useKeys } from '../shell/keys.tsx';
import { words } from '../text.ts';
import { type Place, useKeptPlace } from './kept-place.ts';
import { useNarrow } from './narrow.ts';
import { isFocusNowhere } from './nowhere.ts';

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
  const { left, keepPlace } = useKeptPlace(label);
  const { active, setActive } = useActive(rows, keyOf, left);
  const height = narrow ? cardHeight : rowHeight;
  const virtual = useRowsInSight({ count: rows.length, height, active, scroller, from: left?.top ?? 0 });
  const chosen = useMemo(() => (selected === null ? -1 : rows.findIndex((row) => keyOf(row) === selected)), [rows, keyOf, selected]);
  useEffect(() => {
    if (chosen >= 0) virtual.scrollToIndex(chosen);
  }, [chosen, virtual]);
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 30) more?.();
  }, [hasMore, last, rows.length, more]);
  const walk = useWalk({ rows, active, setActive, onOpen, virtual, scroller });
  const keep = useKeptFocus(scroller, active, left?.focused === true);
  const activeKey = rows[active] === undefined ? null : keyOf(rows[active]);
  useEffect(() => keepPlace(scroller.current, activeKey, active), [keepPlace, activeKey, active]);
  const tracks = columns.map(({ width }) => width).join(' ');
  if (rows.length === 0 && !hasMore)
    return (
      <div ref={scroller} className={scrollerClass} data-ledger="" {...keep}>
        {empty}
      </div>
    );
  return (
    <div ref={scroller} className={scrollerClass} data-ledger="" onScroll={() => keepPlace(scroller.current, activeKey, active)} {...keep}>
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
      {rows.length > 0 && <p className="hidden px-4 py-2 print:block">{words.printed(rows.length)}</p>}
      {foot}
    </div>
  );
}

/** Of a short window, as of one that is enlarged to twice its size, a few rows must be left: the page around them scrolls. */
const scrollerClass = 'min-h-44 flex-1 overflow-auto border-t border-hairline outline-offset-[-2px]';

/** Which row the keys are at. By its key: rows that come above must not make another row the one that Enter opens. */
function useActive<Row>(rows: readonly Row[], keyOf: (row: Row) => string, left: Place | null) {
  const [at, setAt] = useState<Pick<Place, 'key' | 'place'> | null>(left);
  const active = useMemo(() => {
    if (at === null) return 0;
    const place = rows.findIndex((row) => keyOf(row) === at.key);
    // The one that took the place of a row that has gone.
    return place >= 0 ? place : Math.max(0, Math.min(rows.length - 1, at.place));
  }, [rows, keyOf, at]);
  const setActive = (place: number) => {
    const row = rows[place];
    if (row !== undefined) setAt({ key: keyOf(row), place });
  };
  return { active, setActive };
}

/**
 * A row that has the focus may go, and all of them may. The focus then goes to the next one as soon as there is one that is drawn, and
 * stays with the list until then.
 */
function useKeptFocus(scroller: { readonly current: HTMLDivElement | null }, active: number, cameBack: boolean) {
  const focused = useRef<Element | null>(null);
  const owed = useRef(cameBack);
  useLayoutEffect(() => {
    const list = scroller.current;
    const isLost = focused.current !== null && !focused.current.isConnected && isFocusNowhere();
    if (list === null || !(isLost || owed.current)) return;
    const paid = focusRow(list, active);
    if (!paid) (list.querySelector<HTMLElement>('[role="grid"]') ?? list).focus({ preventScroll: true });
    owed.current = !paid;
  });
  return {
    tabIndex: -1,
    onFocus: (event: FocusEvent<HTMLDivElement>) => {
      focused.current = event.target;
    },
    onBlur: () => {
      focused.current = null;
      owed.current = false;
    },
  };
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

interface InSight {
  readonly count: number;
  readonly height: number;
  readonly active: number;
  readonly scroller: { readonly current: HTMLDivElement | null };
  /** How far it is scrolled at first, in pixels. */
  readonly from: number;
}

function useRowsInSight({ count, height, active, scroller, from }: InSight) {
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    initialOffset: from,
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
