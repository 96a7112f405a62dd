import { count } from './counting.ts';

/** Pieces that are said in many places. */
export const pieceWords = {
  nobody: 'nobody who could be verified',
  more: (left: number) => `and ${left.toLocaleString()} more`,
  moreCharacters: (left: number) => `…(+${left.toLocaleString()} characters)`,
  characters: (all: number) => count(all, 'character'),
  hasUnseen: 'Characters that eyes do not see are marked.',
  copyRaw: 'Copy raw',
  copy: {
    done: 'Copied.',
    address: 'The address is copied.',
    instant: 'The address of this instant is copied.',
    failed: 'Not copied: the browser does not let this page use the clipboard.',
  },
  pageOf: (page: number, pages: number) => `page ${page} of ${pages.toLocaleString()}`,
  printed: (rows: number) => `Of ${rows.toLocaleString()} in the list those in sight were printed.`,
  days: (days: number) => count(days, 'day'),
  listed: (rows: number, more: boolean) => `${rows.toLocaleString()}${more ? ' so far; scroll for more.' : ' in all.'}`,
  mark: {
    permitted: 'permitted',
    approved: 'approved',
    held: 'held',
    refused: 'refused',
    masked: 'masked',
    gap: 'not recorded',
    open: 'open',
  },
  verdicts: { permitted: 'permitted', approved: 'approved', refused: 'refused', denied: 'denied', expired: 'expired' },
} as const;
