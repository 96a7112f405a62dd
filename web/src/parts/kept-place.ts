import { useRouter } from '@tanstack/react-router';
import { useCallback, useState } from 'react';

/** Where a reader was in a list when they left it. */
export interface Place {
  /** The row that the keys were at, and where it stood. */
  readonly key: string;
  readonly place: number;
  /** How far the list was scrolled, in pixels. */
  readonly top: number;
  readonly focused: boolean;
}

/** By the entry of the browser's history, because whoever comes to the same address anew begins at its top. */
const places = new Map<string, Place>();
const mostPlaces = 100;

/** Whoever goes back to a list comes to where they were in it, with the row that they had opened. */
export function useKeptPlace(label: string) {
  const { history } = useRouter();
  const [path] = useState(history.location.pathname);
  const [left] = useState(() => places.get(entryOf(history.location, label)) ?? null);
  const keepPlace = useCallback(
    (list: HTMLElement | null, key: string | null, place: number) => {
      // The address is the next page's already while this one is still drawn.
      if (list === null || key === null || history.location.pathname !== path) return;
      const entry = entryOf(history.location, label);
      places.delete(entry);
      places.set(entry, { key, place, top: list.scrollTop, focused: list.contains(document.activeElement) });
      for (const oldest of places.keys()) if (places.size > mostPlaces) places.delete(oldest);
    },
    [history, label, path],
  );
  return { left, keepPlace };
}

function entryOf({ state }: { readonly state: { readonly __TSR_key?: string } }, label: string): string {
  return `${state.__TSR_key ?? ''} ${label}`;
}
