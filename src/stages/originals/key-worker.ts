import { parentPort, workerData } from 'node:worker_threads';
import { type KeyOrder, makeSessionKey } from './session-key.ts';

parentPort?.on('message', () => {
  void makeSessionKey(workerData as KeyOrder).then((made) => {
    // Moved, so that this thread keeps nothing of it.
    parentPort?.postMessage(made, [made.key.buffer as ArrayBuffer]);
  });
});
