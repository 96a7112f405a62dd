/** A query that this reader has given a name. */
export interface View {
  readonly name: string;
  readonly query: string;
}

const place = 'views';
const most = 50;

/** They are kept in this browser alone. What is kept is this page's own, but another version may have written it. */
export function readViews(): readonly View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
    return Array.isArray(kept) ? kept.flatMap((each: unknown) => (isView(each) ? [each] : [])) : [];
  } catch {
    return [];
  }
}

/** With the newest first; the oldest over what is kept are gone. */
export function keepViews(views: readonly View[]): readonly View[] {
  const kept = views.slice(0, most);
  localStorage.setItem(place, JSON.stringify(kept));
  return kept;
}

function isView(value: unknown): value is View {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'query' in value &&
    typeof value.query === 'string'
  );
}
