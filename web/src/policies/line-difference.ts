export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Of the text after, or before where it was removed; from 1. */
  readonly line: number;
}

/** More lines than this are told as all removed and all added. */
const mostLines = 2_000;

/** What became of a text, line by line, by the longest common subsequence. */
export function lineDifference(before: string, after: string): readonly DiffLine[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  if (old.length > mostLines || now.length > mostLines) return [...removed(old, 0), ...added(now, 0)];
  const longest = longestCommon(old, now);
  const lines: DiffLine[] = [];
  let [at, to] = [0, 0];
  while (at < old.length || to < now.length) {
    if (at < old.length && to < now.length && old[at] === now[to]) {
      lines.push({ kind: 'same', text: now[to] ?? '', line: to + 1 });
      at += 1;
      to += 1;
    } else if (to >= now.length || (at < old.length && lengthAt(longest, at + 1, to) >= lengthAt(longest, at, to + 1))) {
      lines.push(...removed([old[at] ?? ''], at));
      at += 1;
    } else {
      lines.push(...added([now[to] ?? ''], to));
      to += 1;
    }
  }
  return lines;
}

function removed(lines: readonly string[], from: number): DiffLine[] {
  return lines.map((text, place) => ({ kind: 'removed', text, line: from + place + 1 }));
}

function added(lines: readonly string[], from: number): DiffLine[] {
  return lines.map((text, place) => ({ kind: 'added', text, line: from + place + 1 }));
}

interface Table {
  readonly lengths: Uint16Array;
  readonly width: number;
}

/** How long the longest common subsequence is from each pair of lines on. */
function longestCommon(old: readonly string[], now: readonly string[]): Table {
  const table = { lengths: new Uint16Array((old.length + 1) * (now.length + 1)), width: now.length + 1 };
  for (let at = old.length - 1; at >= 0; at -= 1)
    for (let to = now.length - 1; to >= 0; to -= 1)
      table.lengths[at * table.width + to] =
        old[at] === now[to] ? lengthAt(table, at + 1, to + 1) + 1 : Math.max(lengthAt(table, at + 1, to), lengthAt(table, at, to + 1));
  return table;
}

function lengthAt({ lengths, width }: Table, at: number, to: number): number {
  return lengths[at * width + to] ?? 0;
}
