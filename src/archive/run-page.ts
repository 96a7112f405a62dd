import { instant } from './conditions.ts';
import { decodeCursor } from './cursor.ts';
import type { PageRequest } from './items.ts';

/** Where a page of a run begins: behind the cursor, or at a time where there is none. To be put behind other conditions. */
export function runFrom(since: string | null, page: PageRequest): { readonly sql: string; readonly values: readonly (string | number)[] } {
  const cursor = decodeCursor(page.cursor, 't');
  if (cursor !== null) return { sql: 'AND (x.started_at, s.id, x.ordinal) > (?, ?, ?)', values: cursor };
  return since === null ? { sql: '', values: [] } : { sql: 'AND x.started_at >= ?', values: [instant('since', since)] };
}
