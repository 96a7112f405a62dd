import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { type ApiServer, serveApi } from '../api/index.ts';
import type { GatewayPort, NotRegistered, TrialReport } from '../api/gateway-port.ts';
import { openConsoleSessions } from '../api/login/console-sessions.ts';
import type { IssuerLogin } from '../api/login/issuer-login.ts';
import { openCatalog } from '../archive/catalog.ts';
import { messageOf } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { createId } from '../core/identifier.ts';
import { archiveUsage } from '../archive/disk-usage.ts';
import type { Excerpt } from '../archive/decoded.ts';
import { followExcerpt, readExcerpt } from '../archive/excerpt.ts';
import { readEntries } from '../archive/read.ts';
import type { Catalog } from '../archive/run-items.ts';
import type { Decoders } from '../archive/session-stream.ts';
import type { Calls } from '../gateway/calls.ts';
import { withDocumentsRead } from '../gateway/connections/documents.ts';
import type { OpenDesk } from '../stages/approvals/index.ts';
import { createIdentity } from '../stages/identity/identity.ts';
import { signInSettings } from '../stages/identity/sign-in.ts';
import { tryInThread } from '../stages/masking/trial-thread.ts';
import { PolicyVersions } from '../stages/policy/versions.ts';
import type { ApiData, ApiHandlers, MainHandlers } from './calls.ts';

/** The trials that are waited for, by their ids. */
type Trials = Map<string, (steps: TrialReport['steps']) => void>;

/** What the API's thread answers the gateway by, and what it closes last. */
export interface OpenApi {
  readonly server: ApiServer;
  readonly catalog: Catalog;
  readonly trialStepped: ApiHandlers['trialStepped'];
  close(): void;
}

/** Opens what the API reads, and serves it. */
export async function openApi(
  data: ApiData,
  approvals: OpenDesk,
  main: Calls<MainHandlers>,
  decoders: Decoders,
  log: Logger,
): Promise<OpenApi> {
  const catalog = openCatalog(data.state);
  const trials: Trials = new Map();
  const sessions = openConsoleSessions(join(data.state, 'console.db'), Date.now);
  const ports = { now: Date.now, log: (line: string) => log.warn({ part: 'identity' }, line) };
  const [identity, signIns] = [createIdentity(data.identity, ports), createIdentity(signInSettings(data.identity), ports)];
  const server = await serveApi({
    approvals,
    listen: data.listen,
    tls: data.certificate,
    catalog,
    runs: catalog.runs,
    searching: catalog.searching,
    overviews: catalog.overviews,
    masked: catalog.masked,
    holdings: catalog.holdings,
    diskUsage: () => archiveUsage(data.state),
    masking: data.masking,
    tryMasking: (order) => tryInThread(order),
    backtest: async (files, filter) => {
      const [catalogs, configured] = await Promise.all([main.policyCatalogs(null), main.connections(null)]);
      const { runBacktest } = await import('../api/backtest/run.ts');
      return runBacktest(files, { state: data.state, catalogs, connections: configured.map(({ name }) => name), filter });
    },
    versions: new PolicyVersions(join(data.state, 'policies')),
    ...readRecordings(data.state, catalog, decoders, log),
    identify: (credential) => identity.identify(credential),
    identifyPerson: (credential) => signIns.identify(credential),
    issuers: await issuerLogins(data),
    sessions,
    url: data.approvals.url,
    roles: data.roles,
    gateway: gatewayOf(main, trials),
    pages: fileURLToPath(new URL('../../web/dist', import.meta.url)),
    log,
  });
  const trialStepped: OpenApi['trialStepped'] = ({ trial, steps }) => trials.get(trial)?.(steps);
  return { server, catalog, trialStepped, close: () => [catalog, sessions].forEach((each) => each.close()) };
}

/** How one session's entries are read: what is wanted of them, and all as they come. */
function readRecordings(state: string, catalog: Catalog, decoders: Decoders, log: Logger) {
  const note = (message: string, fault: unknown) => log.warn({ part: 'recordings', fault: messageOf(fault) }, message);
  const sources = { state, catalog, decoders, log: note };
  return {
    recording: (session: string, excerpt: Excerpt) => readExcerpt(sources, session, excerpt),
    entries: (session: string) => readEntries(state, session),
    live: (session: string, from: number) => followExcerpt(sources, session, from),
  };
}

/** Loaded only where people can sign in. */
async function issuerLogins({ logins }: ApiData): Promise<IssuerLogin[]> {
  if (logins.length === 0) return [];
  const { createIssuerLogin } = await import('../api/login/issuer-login.ts');
  return logins.map((client) => createIssuerLogin(client, Date.now));
}

/** Documents that stand in a connection are read here: the main thread is handed what is kept of them. */
async function read<Given extends { readonly connection: JsonObject | null }, Answer>(
  given: Given,
  then: (given: Given) => Promise<Answer>,
): Promise<Answer | NotRegistered> {
  if (given.connection === null) return then(given);
  const whole = await withDocumentsRead(given.connection);
  return whole.kind === 'refused' ? whole : then({ ...given, connection: whole.connection });
}

/** What the API asks of the main thread. */
function gatewayOf(main: Calls<MainHandlers>, trials: Trials): GatewayPort {
  return {
    audit: (event) => main.audit(event),
    status: () => main.status(null),
    connections: () => main.connections(null),
    protocols: () => main.protocols(null),
    makeConnection: (wish) => read(wish, (whole) => main.makeConnection(whole)),
    changeConnection: (change) => read(change, (whole) => main.changeConnection(whole)),
    removeConnection: (change) => main.removeConnection(change),
    tryConnection: async (order, told) => {
      const trial = createId();
      trials.set(trial, told);
      return read(order, (whole) => main.tryConnection({ ...whole, trial })).finally(() => trials.delete(trial));
    },
    policies: () => main.policies(null),
    policyCatalogs: () => main.policyCatalogs(null),
    checkPolicies: (files) => main.checkPolicies(files),
    terminate: (termination) => main.terminate(termination),
  };
}
