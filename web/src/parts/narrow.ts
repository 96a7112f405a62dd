import { useSyncExternalStore } from 'react';

const query = '(max-width: 720px)';

/** Whether the window is as narrow as a phone, where a table's row becomes a card of two lines. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => window.matchMedia(query).matches,
  );
}
