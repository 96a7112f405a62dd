import type { Writable } from 'node:stream';

/**
 * For a stream whose `write` has just said that it is full: resolves when it takes more, or is closed. Leaves no listener behind, however
 * often it is asked.
 */
export function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    stream.off('drain', done);
    stream.off('close', done);
    resolve();
  };
  stream.on('drain', done);
  stream.on('close', done);
  return promise;
}
