import type { MessagePort } from 'node:worker_threads';
import { connectThreads } from '../gateway/calls.ts';
import { loadDecoders } from '../gateway/protocols.ts';
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
      const note = (line: string) => log.warn({ part: 'approvals' }, line);
      approvals = await openDeskIn(data.state, data.approvals, console, secure, main, note);
      api = await openApi(data, approvals, main, decoders, log);
      return api.server.address;
    },
    close: async () => {
      await api?.server.close();
      await approvals?.close();
      api?.close();
    },
  };
  const main = connectThreads<MainHandlers>(port, handlers);
}
