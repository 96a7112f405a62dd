import type { DatabaseSync } from 'node:sqlite';
import type { Effect } from '../core/action.ts';
import { encodeCursor } from './cursor.ts';
import type { Page, PageRequest } from './items.ts';
import { itemLimit } from './paging.ts';
import { runFrom } from './run-page.ts';
import type { StoryItem } from './run-items.ts';
import type { Row } from './rows.ts';
import { timestamp } from './timestamp.ts';

/** A pause of so long ends what is told as one. */
const pauseMs = 30_000;
const objectsTold = 5;
const textTold = 300;
/** A page looks through no more than so many exchanges (some 4 µs each), however alike they are. */
const mostLooked = 50_000;

interface Fold {
  readonly row: number;
  readonly item: Omit<StoryItem, 'count' | 'endedAt' | 'objects' | 'moreObjects' | 'text'>;
  count: number;
  endedAt: number;
  readonly objects: Set<string>;
}

/**
 * A run as one reads it: acts of one kind on one connection that followed each other and simply passed are one line, beside
 * whatever went on on other connections meanwhile; what did not simply pass has a line of its own.
 */
export function tellStory(database: DatabaseSync, runKey: number, since: string | null, page: PageRequest): Page<StoryItem> {
  const limit = itemLimit(page);
  const { sql: after, values } = runFrom(since, page);
  const sql = `SELECT x.id AS row, s.id AS session, s.connection, x.ordinal, x.started_at, x.duration_ms, x.action, x.effect, x.objects,
      x.verdict, x.status
    FROM sessions AS s JOIN exchanges AS x ON x.session_key = s.key
    WHERE s.run_key = ? ${after} ORDER BY x.started_at, s.id, x.ordinal LIMIT ?`;
  const folds: Fold[] = [];
  const open = new Map<string, Fold>();
  let last: Row | null = null;
  let more = false;
  let looked = 0;
  for (const row of database.prepare(sql).iterate(runKey, ...values, mostLooked + 1)) {
    const fold = open.get(String(row['connection']));
    const joins = fold !== undefined && belongs(row, fold);
    looked += 1;
    if (looked > mostLooked || (!joins && folds.length === limit)) {
      more = true;
      break;
    }
    if (joins) add(row, fold);
    else folds.push(begin(row, open));
    last = row;
  }
  const next =
    more && last !== null ? encodeCursor(['t', Number(last['started_at']), String(last['session']), Number(last['ordinal'])]) : null;
  return { items: folds.map((fold) => itemOf(database, fold)), next };
}

function belongs(row: Row, { item, endedAt }: Fold): boolean {
  return (
    kindIn(row) === 'passed' && item.kind === 'passed' && row['action'] === item.action && Number(row['started_at']) - endedAt <= pauseMs
  );
}

function begin(row: Row, open: Map<string, Fold>): Fold {
  const [connection, startedAt] = [String(row['connection']), Number(row['started_at'])];
  const fold: Fold = {
    row: Number(row['row']),
    item: {
      kind: kindIn(row),
      connection,
      action: String(row['action']),
      // The archive alone writes this column.
      effect: row['effect'] as Effect,
      startedAt: timestamp(startedAt),
      exchange: `${String(row['session'])}/${Number(row['ordinal'])}`,
    },
    count: 0,
    endedAt: startedAt,
    objects: new Set(),
  };
  add(row, fold);
  open.set(connection, fold);
  return fold;
}

function add(row: Row, fold: Fold): void {
  fold.count += 1;
  fold.endedAt = Math.max(fold.endedAt, Number(row['started_at']) + Number(row['duration_ms'] ?? 0));
  const objects = String(row['objects']);
  if (objects !== '[]') for (const { name } of JSON.parse(objects) as { name: string }[]) fold.objects.add(name);
}

function kindIn(row: Row): StoryItem['kind'] {
  const verdict = row['verdict'] === null ? 'undecided' : (String(row['verdict']) as StoryItem['kind'] | 'permitted');
  if (verdict !== 'permitted') return verdict;
  return row['status'] === 'error' ? 'failed' : 'passed';
}

function itemOf(database: DatabaseSync, { row, item, count, endedAt, objects }: Fold): StoryItem {
  const text = String(database.prepare('SELECT substr(text, 1, ?) AS text FROM exchanges WHERE id = ?').get(textTold, row)?.['text'] ?? '');
  const told = [...objects].slice(0, objectsTold);
  return { ...item, count, endedAt: timestamp(endedAt), objects: told, moreObjects: objects.size - told.length, text };
}
