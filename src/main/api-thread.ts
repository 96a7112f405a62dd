import type { MessagePort } from 'node:worker_threads';
import type { CatalogReader } from '../archive/items.ts';
import { connectThreads } from '../gateway/calls.ts';
import { loadDecoders } from '../gateway/protocols.ts';
import type { SoFar } from '../stages/approvals/approval.ts';
import type { OpenDesk } from '../stages/approvals/index.ts';
import type { ApiHandlers, MainHandlers } from './calls.ts';
import { createLog } from './log.ts';
import type { OpenApi } from './open-api.ts';

/** The API's thread: serves the console and the API, and keeps the approvals. */
export async function runApiThread(port: MessagePort): Promise<void> {
  const [{ openApi }, { deskHandlers, openDeskIn }] = await Promise.all([import('./open-api.ts'), import('../gateway/approval-desk.ts')]);
  const decoders = await loadDecoders();
  const log = createLog('info');
  let api: OpenApi | null = null;
  let approvals: OpenDesk | null = null;
  const handlers: ApiHandlers = {
    ...deskHandlers(() => approvals),
    listen: async (data) => {
      const [console, secure] = [() => api?.server.address ?? data.listen, data.certificate !== null];
      const soFar = (session: string) => (api === null ? null : soFarIn(api.catalog, session));
      const note = (line: string) => log.warn({ part: 'approvals' }, line);
      approvals = await openDeskIn(data.state, data.approvals, console, secure, main, soFar, note);
      api = await openApi(data, approvals, main, decoders, log);
      return api.server.address;
    },
    trialStepped: (told) => api?.trialStepped(told),
    close: async () => {
      await api?.server.close();
      await approvals?.close();
      api?.close();
    },
  };
  const main = connectThreads<MainHandlers>(port, handlers);
}

const actsTold = 5;

/** What a session did before somebody is asked, as far as the catalog has it: what each act was and became, and none of its words. */
function soFarIn(catalog: CatalogReader, session: string): SoFar | null {
  const known = catalog.session(session);
  if (known === null) return null;
  const decided = catalog
    .lastExchanges(session, actsTold + 1)
    .flatMap(({ action, verdict, ordinal }) => (verdict === null ? [] : [{ action, verdict, ordinal }]));
  const last = decided.sort((one, other) => one.ordinal - other.ordinal).slice(-actsTold);
  return { exchanges: Math.max(known.exchanges, last.length), last: last.map(({ action, verdict }) => ({ action, verdict })) };
}
