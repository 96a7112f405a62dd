/**
 * Counts as bars of one path, so that a strip of any length is one node: bar `n` stands at `n`, its foot at `foot`, at least `least` tall
 * and the tallest by `most` more.
 */
export function barsOf(
  counts: readonly number[],
  { foot, least, most }: { readonly foot: number; readonly least: number; readonly most: number },
) {
  const highest = Math.max(1, ...counts);
  const bar = (count: number, place: number) => {
    const tall = least + (count / highest) * most;
    return count === 0 ? '' : `M${place + 0.1} ${foot - tall}h.8v${tall}h-.8z`;
  };
  return counts.map(bar).join('');
}
