import { ChaperoneError } from '../core/errors.ts';
import { type Cursor, encodeCursor } from './cursor.ts';
import type { Page, PageRequest } from './items.ts';
import type { Row } from './rows.ts';

const mostItems = 1000;

/** How many items a page is to have. REQUEST_INVALID where it is asked for none or too many. */
export function itemLimit({ limit }: PageRequest): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > mostItems)
    throw new ChaperoneError('REQUEST_INVALID', `A page has 1 to ${mostItems} items, not ${limit}.`);
  return limit;
}

/** A page of rows of which there was asked for one more than it has: that one tells whether there is another page. */
export function paged<Item>(rows: readonly Row[], page: PageRequest, item: (row: Row) => Item, key: (row: Row) => Cursor): Page<Item> {
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { items: shown.map(item), next: rows.length > shown.length && last !== undefined ? encodeCursor(key(last)) : null };
}
