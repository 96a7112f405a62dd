import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import { fastify } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import { accessOf } from './access.ts';
import { addConnectionRoutes } from './connection-routes.ts';
import { addConsolePages } from './console-pages.ts';
import { answerFault, answerMalformed } from './faults.ts';
import { addApprovalRoutes, type ApprovalSources } from './approval-routes.ts';
import { admitToApproval, admitToRun, admitToSession, admitViewer, type GateOptions } from './gate.ts';
import { addHealthRoutes } from './health.ts';
import { addKeepingRoutes, type KeepingSources } from './keeping-routes.ts';
import { isHostAllowed } from '../wire/host-header.ts';
import { addLiveRoute, type LiveSources } from './live-routes.ts';
import type { ApiLog } from './log.ts';
import type { ConsoleSessions } from './login/console-sessions.ts';
import { createCookies } from './login/cookies.ts';
import { addLoginRoutes, type LoginSources } from './login/login-routes.ts';
import { addMaskingRoutes, type MaskingSources } from './masking-routes.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { addDocumentRoute, describeRoutes } from './openapi.ts';
import { addPolicyRoutes, type PolicySources } from './policy-routes.ts';
import { problem, sendProblem } from './problem.ts';
import { RepeatedLooks } from './repeated-looks.ts';
import { addRunRoutes, type RunSources } from './run-routes.ts';
import { addSearchRoutes, type SearchSources } from './search-routes.ts';
import { addOverviewRoute, type OverviewSources } from './overview-route.ts';
import { addTerminateRoutes } from './terminate-route.ts';
import { addOriginalsRoute, type OriginalsSources } from './originals-route.ts';
import { type Api, addRecordingRoutes, addSessionRoutes, addTrailRoute, type RouteSources } from './routes.ts';

export interface ApiOptions
  extends RouteSources,
    SearchSources,
    LiveSources,
    Omit<ApprovalSources, 'looks'>,
    MaskingSources,
    OriginalsSources,
    KeepingSources,
    Omit<GateOptions, 'signedIn'>,
    Omit<LoginSources, 'signedIn'> {
  readonly versions: PolicySources['versions'];
  readonly backtest: PolicySources['backtest'];
  readonly overviews: OverviewSources['overviews'];
  readonly runs: RunSources['runs'];
  readonly approvals: ApprovalSources['approvals'];
  readonly sessions: ConsoleSessions;
  readonly listen: { readonly host: string; readonly port: number };
  /** Null only on loopback. */
  readonly tls: { readonly certPem: string; readonly keyPem: string } | null;
  /** Where the console stands as it was built. */
  readonly pages: string;
  readonly log: ApiLog;
}

export interface ApiServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Answers nothing new; what is being sent has five seconds to end. */
  close(): Promise<void>;
}

/** Tokens with many groups are large; Node's default of 16 KiB refuses some that issuers make. */
const maxHeaderBytes = 64 * 1024;
const closingGraceMs = 5_000;

/** Serves the API until closed. Throws LISTENER_FAILED where the address cannot be listened on. */
export async function serveApi(options: ApiOptions): Promise<ApiServer> {
  const { listen } = options;
  const api = await createApi(options);
  try {
    await api.listen({ host: listen.host, port: listen.port });
  } catch (fault) {
    await api.close();
    const where = `listen.console (${listen.host}:${listen.port})`;
    const message = `${where} cannot be opened: ${messageOf(fault)}. Free the address, or name another.`;
    throw new ChaperoneError('LISTENER_FAILED', message, { cause: fault });
  }
  const { address, port } = api.server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => closeGracefully(api) };
}

/** The API with all its routes, not listening yet. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const metrics = createMetrics();
  const answer = answerFault(options.log);
  const api: Api = fastify({
    serverFactory: (handler) => createServer(handler, options.tls),
    forceCloseConnections: 'idle',
    bodyLimit: 16 * 1024,
    frameworkErrors: (error, request, reply) => void answer(error, request, reply),
    clientErrorHandler: answerMalformed,
    logger: false,
  });
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  api.setErrorHandler(answer);
  const secure = options.tls !== null;
  const signedIn = { sessions: options.sessions, cookies: createCookies(secure), secure };
  await api.register(fastifyCookie);
  addHooks(api, { ...options, signedIn }, metrics);
  await addConsolePages(api, options.pages);
  await describeRoutes(api);
  addHealthRoutes(api, options.gateway, metrics);
  addDocumentRoute(api);
  addSessionRoutes(api, options);
  addRecordingRoutes(api, options);
  addOriginalsRoute(api, options);
  addLiveRoute(api, options);
  addTerminateRoutes(api, options);
  addTrailRoute(api, options);
  addConnectionRoutes(api, options);
  addSearchRoutes(api, options);
  addOverviewRoute(api, options);
  const looks = new RepeatedLooks(options);
  api.addHook('onClose', () => looks.close());
  addRunRoutes(api, { ...options, looks });
  addPolicyRoutes(api, options);
  addMaskingRoutes(api, options);
  addKeepingRoutes(api, options);
  addApprovalRoutes(api, { ...options, looks });
  addLoginRoutes(api, { ...options, signedIn });
  await api.ready();
  return api;
}

function createServer(handler: RequestListener, tls: ApiOptions['tls']) {
  const limits = { maxHeaderSize: maxHeaderBytes, headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 30_000 };
  const server =
    tls === null
      ? createPlainServer(limits, handler)
      : createTlsServer({ ...limits, cert: tls.certPem, key: tls.keyPem, minVersion: 'TLSv1.2' }, handler);
  // A reader that takes nothing for this long is gone, and must not hold its recording open.
  server.setTimeout(60_000);
  return server;
}

function addHooks(api: Api, options: ApiOptions & GateOptions, metrics: Metrics): void {
  api.addHook('onRoute', ({ url }) => {
    if (accessOf(url) === null) throw new ChaperoneError('INTERNAL', `the route ${url} does not say who may call it`);
  });
  api.addHook('onRequest', async (request, reply) => {
    void reply.headers(securityHeaders);
    if (options.signedIn.secure) void reply.header('strict-transport-security', 'max-age=31536000');
    if (isHostAllowed(options.listen.host, request.headers.host)) return undefined;
    return sendProblem(reply, foreignHost());
  });
  api.addHook('onRequest', admitViewer(options));
  api.addHook('preHandler', admitToSession(options));
  api.addHook('preHandler', admitToRun(options));
  api.addHook('preHandler', admitToApproval(options));
  api.addHook('onResponse', async (request, reply) => {
    metrics.observe(
      request.method,
      request.is404 ? 'none' : (request.routeOptions.url ?? 'none'),
      reply.statusCode,
      reply.elapsedTime / 1000,
    );
  });
}

const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

function foreignHost() {
  return problem(
    'REQUEST_INVALID',
    'The Host header names something else than this loopback listener.',
    'Use http://127.0.0.1 or http://localhost with the listener’s port; to be reached by other names, listen on another address with TLS.',
  );
}

async function closeGracefully(api: Api): Promise<void> {
  const cut = setTimeout(() => api.server.closeAllConnections(), closingGraceMs);
  try {
    await api.close();
  } finally {
    clearTimeout(cut);
  }
}
