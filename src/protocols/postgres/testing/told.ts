import type { Entry } from '../../../core/entry.ts';

/** An exchange as its entries tell it, for comparing. */
export interface Told {
  readonly text: string;
  readonly verdict: string | null;
  readonly status: string | null;
  readonly tag: string | null;
  readonly rows: number | null;
  readonly error: string | null;
  readonly request: Buffer;
  readonly reply: Buffer;
}

/** Every exchange of the entries' sessions, in the order they were opened. */
export function told(entries: readonly Entry[]): Told[] {
  return entries.flatMap((opened) => {
    if (opened.kind !== 'exchange') return [];
    const own = entries.filter(({ session, exchange }) => session === opened.session && exchange === opened.exchange);
    const outcome = own.find((entry) => entry.kind === 'outcome')?.outcome;
    const content = (direction: 'request' | 'reply') =>
      Buffer.concat(own.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === direction ? [entry.bytes] : [])));
    return [
      {
        text: opened.action.text,
        verdict: own.find((entry) => entry.kind === 'decision')?.decision.verdict ?? null,
        status: outcome?.status ?? null,
        tag: outcome?.tag ?? null,
        rows: outcome?.rows ?? null,
        error: outcome?.error?.code ?? null,
        request: content('request'),
        reply: content('reply'),
      },
    ];
  });
}

/** `text → status tag` of each exchange. */
export function summary(entries: readonly Entry[]): string[] {
  return told(entries).map(({ text, status, tag, error }) =>
    [text, '→', status, tag ?? error].filter((word) => word !== null && word !== '').join(' '),
  );
}

export function endOf(entries: readonly Entry[]): string | null {
  return entries.flatMap((entry) => (entry.kind === 'end' ? [entry.end.reason] : [])).at(-1) ?? null;
}
