import { useSyncExternalStore } from 'react';

/** How long an answer to a key stands there. */
const standsMs = 4_000;

let text = '';
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function change(to: string): void {
  text = to;
  for (const listener of listeners) listener();
}

/** Answers a key that changes nothing on the page, for eyes and ears. */
export function say(what: string): void {
  clearTimeout(timer);
  change(what);
  timer = setTimeout(() => change(''), standsMs);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What was said last. It is always on the page, because what is only put there when there is something to say is read by few readers. */
export function Said() {
  const said = useSyncExternalStore(listen, () => text);
  return (
    <p role="status" className={said === '' ? 'sr-only' : 'fixed bottom-4 left-1/2 z-50 -translate-x-1/2 bg-ink px-4 py-2 text-canvas'}>
      {said}
    </p>
  );
}
