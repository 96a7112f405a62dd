import { parentPort, workerData } from 'node:worker_threads';
import { loadPolicies } from './load.ts';
import type { PolicyCatalog } from './schema.ts';

/** What the thread is to load. */
export interface LoadOrder {
  readonly folder: string;
  readonly catalogs: readonly PolicyCatalog[];
}

const { folder, catalogs } = workerData as LoadOrder;
parentPort?.postMessage(await loadPolicies(folder, { catalogs }));
