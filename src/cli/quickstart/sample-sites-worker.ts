import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { createBillingApi } from './billing-api.ts';
import { createGitServer, type GitLogin } from './git-server.ts';

/** What the demonstration hands to this thread. */
export interface SampleSitesData {
  readonly billingKey: string;
  /** The folder of the bare repositories. */
  readonly repositories: string;
  readonly login: GitLogin;
}

const { billingKey, repositories, login } = workerData as SampleSitesData;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

parentPort?.postMessage({
  billing: await listen(createBillingApi(billingKey)),
  git: await listen(createGitServer(repositories, login)),
});
