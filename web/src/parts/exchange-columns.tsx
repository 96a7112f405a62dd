import { Link } from '@tanstack/react-router';
import type { Exchange } from '../api/types.ts';
import { words } from '../text.ts';
import type { Column } from './ledger.tsx';
import { lasting, Moment, sized } from './moment.tsx';
import { type Mark, MarkLabel, markOf, Shape } from './verdict.tsx';
import { Visible } from './visible.tsx';

/** The word beside the shape: what became of it, the verdict first and then the target's own answer. */
export function outcomeWord({ verdict, status }: Exchange): string {
  if (verdict === null) return words.exchanges.undecided;
  if (verdict !== 'permitted' && verdict !== 'approved') return words.verdicts[verdict];
  return status === 'ok' || status === 'active' ? words.verdicts[verdict] : words.exchanges.status[status];
}

export function exchangeMark({ verdict, status }: Exchange): Mark {
  return verdict === null && status !== 'active' ? 'gap' : markOf(verdict);
}

const objectsOf = ({ objects }: Exchange) => objects.map(({ name }) => name).join(', ');

export const exchangeColumns: readonly Column<Exchange>[] = [
  {
    id: 'verdict',
    head: words.columns.verdict,
    width: '11ch',
    cell: (row) => <MarkLabel mark={exchangeMark(row)} word={outcomeWord(row)} />,
  },
  {
    id: 'at',
    head: words.columns.at,
    width: '14ch',
    cell: (row) => (
      <Link
        to="/sessions/$id"
        params={{ id: row.session }}
        search={{ exchange: String(row.ordinal) }}
        tabIndex={-1}
        className="no-underline hover:underline"
      >
        <Moment at={row.startedAt} precision="day" />
      </Link>
    ),
  },
  {
    id: 'connection',
    head: words.columns.connection,
    width: 'minmax(10ch,3fr)',
    cell: (row) => <Visible text={row.connection} limit={60} line />,
  },
  { id: 'action', head: words.columns.action, width: 'minmax(10ch,4fr)', cell: (row) => <Visible text={row.action} limit={60} line /> },
  {
    id: 'text',
    head: words.columns.asked,
    width: 'minmax(0,10fr)',
    cell: (row) => (
      <code>
        <Visible text={row.text} limit={256} line />
      </code>
    ),
  },
  { id: 'objects', head: words.columns.objects, width: 'minmax(0,5fr)', cell: (row) => <Visible text={objectsOf(row)} limit={120} line /> },
  { id: 'rows', head: words.columns.rows, width: '6ch', end: true, cell: (row) => row.rows?.toLocaleString() ?? '' },
  {
    id: 'masked',
    head: words.columns.masked,
    width: '7ch',
    end: true,
    cell: ({ masked }) => masked !== null && <Masked count={masked.reduce((sum, { count }) => sum + count, 0)} />,
  },
  { id: 'bytes', head: words.columns.size, width: '8ch', end: true, cell: (row) => sized(row.bytes) },
  {
    id: 'took',
    head: words.columns.took,
    width: '8ch',
    end: true,
    cell: (row) => (row.durationMs === null ? '' : lasting(row.durationMs)),
  },
];

function Masked({ count }: { readonly count: number }) {
  return (
    <span className="inline-flex items-center gap-1 text-masked">
      <Shape mark="masked" size={10} />
      {count.toLocaleString()}
    </span>
  );
}

export function exchangeCard(row: Exchange) {
  return (
    <>
      <div className="flex justify-between gap-2">
        <span className="flex min-w-0 items-center gap-2">
          <MarkLabel mark={exchangeMark(row)} word={outcomeWord(row)} />
          <span className="truncate text-quiet">
            <Visible text={row.connection} limit={40} line />
          </span>
        </span>
        <Moment at={row.startedAt} precision="clock" />
      </div>
      <code className="block truncate">
        <Visible text={row.text} limit={160} line />
      </code>
    </>
  );
}
