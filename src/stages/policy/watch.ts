import { type FSWatcher, watch } from 'node:fs';

/** How long a folder must be quiet before it is read: whoever writes one file often writes several. */
const quietMs = 200;
/** How often it is looked at all the same: network mounts and some containers tell nobody of changes. */
const lookMs = 5_000;

/** Calls `look` when something in a folder may have changed, and every few seconds. Keeps no process alive. */
export function watchFolder(folder: string, look: () => void): { close(): void } {
  let watcher: FSWatcher | null = null;
  let soon: NodeJS.Timeout | null = null;
  const changed = () => {
    if (soon !== null) clearTimeout(soon);
    soon = setTimeout(look, quietMs).unref();
  };
  const follow = () => {
    if (watcher !== null) return;
    try {
      watcher = watch(folder, { recursive: true, persistent: false }, changed);
      watcher.on('error', () => {
        watcher?.close();
        watcher = null;
      });
    } catch {
      watcher = null; // It is not there yet, or not any more: the next look tries again.
    }
  };
  follow();
  const timer = setInterval(() => {
    follow();
    look();
  }, lookMs).unref();
  return {
    close: () => {
      clearInterval(timer);
      if (soon !== null) clearTimeout(soon);
      watcher?.close();
    },
  };
}
