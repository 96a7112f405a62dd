import { useSyncExternalStore } from 'react';

/** A page that nobody touches stops asking, so that a sign-in whose owner has left ends as it would without a page. */
const leftAfterMs = 20 * 60_000;

/** How often a list of what goes on asks again. */
export const listPaceMs = 5_000;

let here = true;
let leaving: ReturnType<typeof setTimeout> | null = null;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (here === next) return;
  here = next;
  for (const listener of listeners) listener();
}

function touched(): void {
  if (leaving !== null) clearTimeout(leaving);
  leaving = setTimeout(() => set(false), leftAfterMs);
  set(true);
}

touched();
for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const) window.addEventListener(event, touched, { passive: true });

/** Whether somebody has touched the page lately. */
export function useIsSomebodyHere(): boolean {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => here,
  );
}
