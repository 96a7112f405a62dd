import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useEffect, useId, useMemo, useRef, useState } from 'react';
import { CopyButton } from '../parts/copying.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Shape } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import type { Cell, MaskedCount } from '../recording/lines.ts';
import { csvOf } from '../recording/csv.ts';
import type { RowSet } from '../recording/row-set.ts';
import { words } from '../text.ts';
import { LongText } from './long-text.tsx';

interface RowsViewProps {
  readonly rows: RowSet;
  readonly count: number;
  readonly masked: readonly MaskedCount[];
}

const height = 28;
/** Browsers give up on heights beyond some 17 million pixels; what is over is reached by the number of the row. */
const mostRows = 500_000;
const preview = 256;
const sampleRows = 40;

/** A result of any size: only the cells that are in sight are in the page, in both directions. */
export function RowsView({ rows, count, masked }: RowsViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [open, setOpen] = useState<{ readonly row: number; readonly column: number } | null>(null);
  const shown = Math.min(mostRows, count - first);
  const hidden = useMemo(() => new Set(masked.flatMap(({ column }) => (column === null ? [] : [column]))), [masked]);
  const { down, across } = useCellsInSight(rows, shown, hidden, scroller);
  const grid = useId();
  const show = (row: number, column: number) => setOpen({ row: first + row, column });
  const { active, onKeyDown } = useCellWalk({ rows: shown, columns: rows.columns.length, down, across, open: show });
  const columns = across.getVirtualItems();
  return (
    <figure className="border border-hairline bg-raised">
      <div
        ref={scroller}
        role="grid"
        aria-label={words.rows.label(count, rows.columns.length)}
        aria-rowcount={count + 1}
        aria-colcount={rows.columns.length}
        aria-activedescendant={shown === 0 ? undefined : `${grid}-${active.row}-${active.column}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="group relative max-h-[50vh] overflow-auto outline-offset-[-2px]"
      >
        <div role="rowgroup" className="contents">
          <div
            role="row"
            aria-rowindex={1}
            className="sticky top-0 z-10 border-b border-control bg-raised"
            style={{ width: across.getTotalSize(), height }}
          >
            {columns.map(({ index, start, size }) => {
              const name = rows.columns[index] ?? '';
              return <ColumnHead key={index} name={name} index={index} start={start} size={size} masked={hidden.has(name)} />;
            })}
          </div>
        </div>
        <div className="relative" role="rowgroup" style={{ width: across.getTotalSize(), height: down.getTotalSize() }}>
          {down.getVirtualItems().map(({ index, start }) => (
            <RowLine
              key={index}
              grid={grid}
              index={index}
              first={first}
              start={start}
              rows={rows}
              columns={columns}
              hidden={hidden}
              active={active.row === index ? active.column : -1}
              onOpen={show}
            />
          ))}
        </div>
      </div>
      <Foot rows={rows} count={count} first={first} shown={shown} onFirst={setFirst} />
      <CellDialog rows={rows} at={open} onClose={() => setOpen(null)} />
    </figure>
  );
}

function useCellsInSight(rows: RowSet, shown: number, hidden: ReadonlySet<string>, scroller: { readonly current: HTMLDivElement | null }) {
  const sampled = Math.min(shown, sampleRows);
  const widths = useMemo(() => widthsOf(rows, sampled, hidden), [rows, sampled, hidden]);
  const down = useVirtualizer({ count: shown, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 6 });
  const across = useVirtualizer({
    horizontal: true,
    count: rows.columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (column) => widths[column] ?? 120,
    overscan: 2,
  });
  useEffect(() => across.measure(), [across, widths]);
  return { down, across };
}

interface RowLineProps {
  readonly grid: string;
  readonly index: number;
  readonly first: number;
  readonly start: number;
  readonly rows: RowSet;
  readonly columns: readonly { readonly index: number; readonly start: number; readonly size: number }[];
  readonly hidden: ReadonlySet<string>;
  readonly active: number;
  readonly onOpen: (row: number, column: number) => void;
}

function RowLine({ grid, index, first, start, rows, columns, hidden, active, onOpen }: RowLineProps) {
  const cells = rows.row(first + index) ?? [];
  return (
    <div
      role="row"
      aria-rowindex={first + index + 2}
      className="absolute inset-x-0 top-0 border-b border-hairline/60 hover:bg-sunken"
      style={{ transform: `translateY(${start}px)`, height }}
    >
      {columns.map((column) => (
        <div
          key={column.index}
          id={`${grid}-${index}-${column.index}`}
          role="gridcell"
          aria-colindex={column.index + 1}
          data-active={column.index === active}
          onDoubleClick={() => onOpen(index, column.index)}
          className="absolute top-0 truncate px-2 leading-7 group-focus:data-[active=true]:shadow-[inset_0_0_0_1px_var(--ink)]"
          style={{ left: column.start, width: column.size }}
        >
          <CellText cell={cells[column.index] ?? null} masked={hidden.has(rows.columns[column.index] ?? '')} />
        </div>
      ))}
    </div>
  );
}

interface ColumnHeadProps {
  readonly name: string;
  readonly index: number;
  readonly start: number;
  readonly size: number;
  readonly masked: boolean;
}

function ColumnHead({ name, index, start, size, masked }: ColumnHeadProps) {
  return (
    <div
      role="columnheader"
      aria-colindex={index + 1}
      className={`absolute top-0 flex items-center gap-1 truncate px-2 leading-7 font-semibold ${masked ? 'text-masked' : ''}`}
      style={{ left: start, width: size }}
    >
      {masked && <Shape mark="masked" size={10} />}
      <span className="truncate">
        <Visible text={name} limit={80} line />
      </span>
      {masked && <span className="sr-only">{words.mark.masked}</span>}
    </div>
  );
}

const CellText = memo(function CellText({ cell, masked }: { readonly cell: Cell; readonly masked: boolean }) {
  if (cell === null) return <span className="text-meta text-quiet tracking-wide">NULL</span>;
  if (cell === '') return <span className="text-meta text-quiet">{words.rows.empty}</span>;
  return (
    <code className={masked ? 'hatch bg-masked-tint px-1 text-masked' : ''}>
      <Visible text={cell} limit={preview} line />
    </code>
  );
});

/** A clipboard is no place for more. */
const mostCopied = 10_000;

interface FootProps {
  readonly rows: RowSet;
  readonly count: number;
  readonly first: number;
  readonly shown: number;
  readonly onFirst: (row: number) => void;
}

function Foot({ rows, count, first, shown, onFirst }: FootProps) {
  const copied = Math.min(count, mostCopied);
  return (
    <figcaption className="flex flex-wrap items-center gap-x-3 border-t border-hairline px-2 py-1 text-quiet">
      <span>{words.rows.counted(count)}</span>
      <CopyButton label={words.rows.copyCsv(copied, count)} text={() => csvOf(rows, copied)} className="underline" />
      {count > mostRows && (
        <>
          <span>{words.rows.window(first + 1, first + shown)}</span>
          <button type="button" className="button" disabled={first === 0} onClick={() => onFirst(Math.max(0, first - mostRows))}>
            {words.rows.before}
          </button>
          <button type="button" className="button" disabled={first + shown >= count} onClick={() => onFirst(first + mostRows)}>
            {words.rows.after}
          </button>
        </>
      )}
    </figcaption>
  );
}

function CellDialog({
  rows,
  at,
  onClose,
}: {
  readonly rows: RowSet;
  readonly at: { readonly row: number; readonly column: number } | null;
  readonly onClose: () => void;
}) {
  const cell = at === null ? null : (rows.row(at.row)?.[at.column] ?? null);
  return (
    <Dialog open={at !== null} title={at === null ? '' : words.rows.cell(rows.columns[at.column] ?? '', at.row + 1)} onClose={onClose}>
      {cell === null ? <span className="text-quiet">NULL</span> : <LongText text={cell} />}
    </Dialog>
  );
}

interface Walk {
  readonly rows: number;
  readonly columns: number;
  readonly down: { readonly scrollToIndex: (index: number) => void };
  readonly across: { readonly scrollToIndex: (index: number) => void };
  readonly open: (row: number, column: number) => void;
}

function useCellWalk({ rows, columns, down, across, open }: Walk) {
  const [active, setActive] = useState({ row: 0, column: 0 });
  const go = (row: number, column: number) => {
    const to = { row: Math.max(0, Math.min(rows - 1, row)), column: Math.max(0, Math.min(columns - 1, column)) };
    setActive(to);
    down.scrollToIndex(to.row);
    across.scrollToIndex(to.column);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { row, column } = active;
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(row + 1, column),
      ArrowUp: () => go(row - 1, column),
      ArrowRight: () => go(row, column + 1),
      ArrowLeft: () => go(row, column - 1),
      PageDown: () => go(row + 15, column),
      PageUp: () => go(row - 15, column),
      Home: () => go(event.ctrlKey ? 0 : row, 0),
      End: () => go(event.ctrlKey ? rows - 1 : row, columns - 1),
      Enter: () => open(row, column),
    };
    const step = steps[event.key];
    if (step === undefined || event.target !== event.currentTarget) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  };
  return { active, onKeyDown };
}

/** As wide as the first rows need, within bounds, at 7.5 px for each character of the mono face. */
function widthsOf(rows: RowSet, count: number, hidden: ReadonlySet<string>): readonly number[] {
  const sample = Array.from({ length: count }, (_, index) => rows.row(index) ?? []);
  return rows.columns.map((name, column) => {
    const longest = sample.reduce((most, row) => Math.max(most, Math.min(40, row[column]?.length ?? 4)), Math.min(40, name.length + 2));
    return Math.round(Math.max(56, longest * 7.7 + (hidden.has(name) ? 44 : 20)));
  });
}
