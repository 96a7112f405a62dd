import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import type { ApiServer } from '../api/index.ts';
import { connectThreads } from '../gateway/calls.ts';
import { loadDecoders } from '../gateway/protocols.ts';
import type { OpenDesk } from '../stages/approvals/index.ts';
import type { ApiHandlers, MainHandlers } from './calls.ts';
import { createLog } from './log.ts';

/** The API's thread: serves the console and the API, and keeps the approvals. */
export async function runApiThread(port: MessagePort): Promise<void> {
  const [{ serveApi }, { openCatalog }, { decodeRecording, readEntries }, { createIdentity }, { deskHandlers, openDeskIn }] =
    await Promise.all([
      import('../api/index.ts'),
      import('../archive/catalog.ts'),
      import('../archive/read.ts'),
      import('../stages/identity/identity.ts'),
      import('../gateway/approval-desk.ts'),
    ]);
  const decoders = await loadDecoders();
  const log = createLog('info');
  let api: ApiServer | null = null;
  let approvals: OpenDesk | null = null;
  let close = () => {};
  const handlers: ApiHandlers = {
    ...deskHandlers(() => approvals),
    listen: async (data) => {
      const catalog = openCatalog(data.state);
      close = () => catalog.close();
      const identity = createIdentity(data.identity, { now: Date.now, log: (line) => log.warn({ part: 'identity' }, line) });
      const [console, secure] = [() => api?.address ?? data.listen, data.certificate !== null];
      const note = (line: string) => log.warn({ part: 'approvals' }, line);
      approvals = await openDeskIn(data.state, data.approvals, console, secure, main, note);
      api = await serveApi({
        approvals,
        listen: data.listen,
        tls: data.certificate,
        catalog,
        recording: (session) => {
          const known = catalog.session(session);
          return decodeRecording(readEntries(data.state, session), known ? decoders(known.protocol) : null);
        },
        identify: (credential) => identity.identify(credential),
        roles: data.roles,
        gateway: {
          audit: (event) => main.audit(event),
          status: () => main.status(null),
          connections: () => main.connections(null),
          policies: () => main.policies(null),
        },
        pages: fileURLToPath(new URL('../../web/dist', import.meta.url)),
        log,
      });
      return api.address;
    },
    close: async () => {
      await api?.close();
      await approvals?.close();
      close();
    },
  };
  const main = connectThreads<MainHandlers>(port, handlers);
}
