import type { Place } from '../shell/places.ts';
import type { View } from '../query/views.ts';
import { words } from '../text.ts';

/** Where a choice leads. */
export type Goal =
  | { readonly to: Place['to'] }
  | { readonly to: '/sessions/$id'; readonly params: { readonly id: string }; readonly search: { readonly exchange?: string } }
  | { readonly to: '/runs/$run'; readonly params: { readonly run: string } }
  | { readonly to: '/approvals/$id'; readonly params: { readonly id: string } }
  | { readonly to: '/exchanges'; readonly search: { readonly q: string } }
  | { readonly to: '/runs'; readonly search: { readonly name: string } };

export interface Choice {
  readonly group: keyof typeof words.palette.groups;
  readonly name: string;
  /** What it is besides, such as a saved query's text. */
  readonly detail: string;
  readonly goal: Goal;
}

/** An id as the gateway gives them, alone or as the end of an address; with the exchange's place in its session behind a slash. */
const idShape = /^(?:\S*\/)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:[/?#](?:exchange=)?(\d{1,9}))?$/i;
const mostViews = 8;
const longestSearch = 2_000;

/** What a text can mean, likeliest first. Nothing is asked of the gateway for it: to look at something is itself recorded. */
export function choicesFor(text: string, places: readonly Place[], views: readonly View[]): readonly Choice[] {
  const wanted = text.trim();
  const ids = ofId(wanted);
  if (ids.length > 0) return ids;
  return [...ofPlaces(wanted, places), ...ofViews(wanted, views), ...ofSearch(wanted)];
}

function ofId(wanted: string): readonly Choice[] {
  const [, given, ordinal] = idShape.exec(wanted) ?? [];
  if (given === undefined) return [];
  const id = given.toLowerCase();
  const { session, run, approval, exchange } = words.palette;
  const choice = (name: string, goal: Goal): Choice => ({ group: 'id', name, detail: '', goal });
  if (ordinal !== undefined) return [choice(exchange(id, ordinal), { to: '/sessions/$id', params: { id }, search: { exchange: ordinal } })];
  return [
    choice(session(id), { to: '/sessions/$id', params: { id }, search: {} }),
    choice(run(id), { to: '/runs/$run', params: { run: id } }),
    choice(approval(id), { to: '/approvals/$id', params: { id } }),
  ];
}

function ofPlaces(wanted: string, places: readonly Place[]): readonly Choice[] {
  return ranked(wanted, places, ({ name }) => name).map(({ to, name }) => ({ group: 'page', name, detail: '', goal: { to } }));
}

function ofViews(wanted: string, views: readonly View[]): readonly Choice[] {
  return ranked(wanted, views, ({ name }) => name)
    .slice(0, mostViews)
    .map(({ name, query }) => ({ group: 'view', name, detail: query, goal: { to: '/exchanges', search: { q: query } } }));
}

function ofSearch(wanted: string): readonly Choice[] {
  if (wanted === '' || wanted.length > longestSearch) return [];
  const { search, runs } = words.palette;
  const found: Choice = { group: 'search', name: search(wanted), detail: '', goal: { to: '/exchanges', search: { q: wanted } } };
  const isName = /^[^\s:"()]+$/.test(wanted);
  return isName ? [found, { group: 'search', name: runs(wanted), detail: '', goal: { to: '/runs', search: { name: wanted } } }] : [found];
}

/** Those whose name begins with it first, then those with a word that does, then those that have its letters in a row. */
function ranked<Item>(wanted: string, items: readonly Item[], nameOf: (item: Item) => string): readonly Item[] {
  const low = wanted.toLowerCase();
  const rank = (item: Item) => {
    const name = nameOf(item).toLowerCase();
    if (name.startsWith(low)) return 0;
    if (name.split(/\s+/).some((word) => word.startsWith(low))) return 1;
    return name.includes(low) ? 2 : 3;
  };
  return items
    .filter((item) => rank(item) < 3)
    .map((item) => ({ item, rank: rank(item) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}
