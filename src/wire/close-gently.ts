import type { Duplex } from 'node:stream';

/** How often a socket that is closing is looked at, and for how long a peer may take nothing before it is given up. */
const lookMs = 2_000;
const looks = 15;

/**
 * Ends a socket and lets what was written to it still arrive: a slow reader gets all of it, one that takes nothing for half a
 * minute is given up, and one that has everything and does not close its own side is not waited for.
 */
export function closeGently(socket: Duplex): void {
  socket.end();
  socket.resume();
  let left = socket.writableLength;
  let idle = 0;
  const timer = setInterval(() => {
    idle = socket.writableLength < left ? 0 : idle + 1;
    left = socket.writableLength;
    if (left > 0 && idle < looks && !socket.destroyed) return;
    clearInterval(timer);
    socket.destroy();
  }, lookMs);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}
