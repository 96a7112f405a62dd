import { words } from '../text.ts';

/**
 * What can be seen of an act at a glance, each with a shape and a word of its own; colour only ever accompanies them. What goes on is
 * no verdict, and has none's colour.
 */
export type Mark = 'permitted' | 'approved' | 'held' | 'refused' | 'masked' | 'gap' | 'open';

const shapes: Readonly<Record<Mark, string>> = {
  permitted: 'M8 5.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5z',
  approved: 'M8 2l6 6-6 6-6-6z',
  held: 'M3 2h3.5v12H3zM9.5 2H13v12H9.5z',
  refused: 'M1 1h14v14H1zM4 5.2L6.8 8 4 10.8 5.2 12 8 9.2 10.8 12 12 10.8 9.2 8 12 5.2 10.8 4 8 6.8 5.2 4z',
  masked: 'M1 3h14v1.5L1 9zM1 11l14-4.5v3L4.5 13H1zM9 13l6-2v2z',
  open: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11zM8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z',
  gap: 'M1 7h3.5v2H1zM6.2 7h1.2v2H6.2zM8.9 7h1.2v2H8.9zM11.5 7H15v2h-3.5z',
};

const colours: Readonly<Record<Mark, string>> = {
  permitted: 'text-permitted',
  approved: 'text-approved',
  held: 'text-held',
  refused: 'text-refused',
  masked: 'text-masked',
  gap: 'text-gap',
  open: 'text-ink',
};

const tints: Readonly<Record<Mark, string>> = {
  permitted: 'bg-permitted-tint',
  approved: 'bg-approved-tint',
  held: 'bg-held-tint',
  refused: 'bg-refused-tint',
  masked: 'bg-masked-tint',
  gap: 'bg-gap-tint',
  open: 'bg-sunken',
};

export function colourOf(mark: Mark): string {
  return colours[mark];
}

export function tintOf(mark: Mark): string {
  return `${tints[mark]} ${colours[mark]}`;
}

/** The shape alone, for where its word stands beside it. */
export function Shape({ mark, size = 12 }: { readonly mark: Mark; readonly size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" className={`shrink-0 ${colours[mark]}`}>
      <path d={shapes[mark]} fill="currentColor" fillRule="evenodd" />
    </svg>
  );
}

/** Shape and word; the word is for ears alone where room is short. */
export function MarkLabel({
  mark,
  word = words.mark[mark],
  bare = false,
}: {
  readonly mark: Mark;
  readonly word?: string;
  readonly bare?: boolean;
}) {
  return (
    <span className={`inline-flex items-center gap-1.5 ${colours[mark]}`}>
      <Shape mark={mark} />
      <span className={bare ? 'sr-only' : ''}>{word}</span>
    </span>
  );
}

/** The verdicts of the record, and the mark that each is drawn with. */
export function markOf(verdict: 'permitted' | 'approved' | 'refused' | 'denied' | 'expired' | null): Mark {
  switch (verdict) {
    case 'permitted':
    case 'approved':
      return verdict;
    case 'refused':
    case 'denied':
    case 'expired':
      return 'refused';
    case null:
      return 'held';
    default:
      return verdict satisfies never;
  }
}
