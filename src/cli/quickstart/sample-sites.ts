import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { QuickstartFolder } from './folder.ts';
import { billing, gitUser, repository } from './sample-connections.ts';
import { openSampleRepository } from './sample-repository.ts';
import { newSecret } from './secret.ts';
import type { SampleSitesData } from './sample-sites-worker.ts';

/** The sample targets that speak HTTP: where they listen on loopback. */
export interface SampleSites {
  readonly billing: { readonly port: number };
  readonly git: { readonly port: number };
  stop(): Promise<void>;
}

/**
 * Starts the sample API and git server, on a thread of their own: what the data plane's thread does is the gateway's alone. Their
 * secrets are new at each start, and lie in the files that the gateway's configuration names.
 */
export async function startSampleSites(folder: QuickstartFolder): Promise<SampleSites> {
  const [billingKey, password] = [newSecret(), newSecret()];
  await folder.write(`secrets/${billing}`, `Bearer ${billingKey}`);
  await folder.write(`secrets/${repository}`, password);
  const repositories = folder.path('repositories');
  await openSampleRepository(folder.path('repositories', `${repository}.git`));
  const data: SampleSitesData = { billingKey, repositories, login: { user: gitUser, password } };
  const worker = new Worker(new URL('sample-sites-worker.ts', import.meta.url), { workerData: data });
  const [ports] = (await once(worker, 'message')) as [{ billing: number; git: number }];
  return {
    billing: { port: ports.billing },
    git: { port: ports.git },
    stop: async () => {
      await worker.terminate();
    },
  };
}
