import { chmod, mkdir } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Logger, pino } from 'pino';
import type { ApiServer } from './api/index.ts';
import type { GatewayPort } from './api/gateway-port.ts';
import type { Archiver, ArchiverStatus } from './archive/archiver.ts';
import type { QuickstartOptions } from './cli/quickstart/quickstart.ts';
import type { RunningGateway, Serve } from './cli/serve.ts';
import { ChaperoneError, messageOf } from './core/errors.ts';
import { createId } from './core/identifier.ts';
import type { Stages } from './core/stages.ts';
import type { DataPlaneCalls, DeskHandlers } from './gateway/approval-desk.ts';
import type { DeskData } from './gateway/approvals.ts';
import { connectThreads } from './gateway/calls.ts';
import type { Certificate } from './gateway/certificate.ts';
import type { Configuration } from './gateway/configuration/index.ts';
import type { ConfigurationProblem } from './gateway/configuration/index.ts';
import type { Gateway } from './gateway/gateway.ts';
import { loadDecoders, loadProtocols } from './gateway/protocols.ts';
import { connectionItems, statusOf } from './gateway/status.ts';
import { startThread, type Thread } from './gateway/thread.ts';
import type { Approvals, OpenDesk } from './stages/approvals/index.ts';
import type { IdentitySettings } from './stages/identity/settings.ts';
import type { Lock } from './stages/recording/lock.ts';
import type { Journal } from './stages/recording/options.ts';
import type { Place } from './wire/dial.ts';

/*
 * The composition root: the one file that knows all the parts. As the program it runs the command line; as a thread of a
 * gateway it runs the part that its data names. Parts are loaded where they are needed, so that a thread, or a command
 * that only reads, does not wait for the rest.
 */

// Measured: a third less CPU to start. Beside the code and not in the system's folder for temporary files, where others could
// put something in its place; where it cannot be written there is none.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'compile'));

const version = '0.1.0';
const entry = new URL(import.meta.url);
/** What a thread is started with: the part that it runs. */
type Role = 'archive' | 'api';

/** What the main thread answers its threads. */
type MainHandlers = DataPlaneCalls & {
  status(nothing: null): ReturnType<GatewayPort['status']>;
  connections(nothing: null): ReturnType<GatewayPort['connections']>;
  policies(nothing: null): ReturnType<GatewayPort['policies']>;
};

// ---- the archive's thread ------------------------------------------------------------------------------------------------

type ArchiveHandlers = {
  /** Rebuilds the catalog of a state folder where it is missing, and names the sessions that have no end in it. */
  prepare(state: string): Promise<{ session: string; lastSequence: number }[]>;
  start(nothing: null): Promise<void>;
  committed(position: { segment: number; offset: number }): void;
  status(nothing: null): ArchiverStatus;
  close(nothing: null): Promise<void>;
};

async function runArchiveThread(port: MessagePort): Promise<void> {
  const [{ courtesy, yieldToOthers }, { archiveJournal }, { prepareCatalog }, { unfinishedSessions }] = await Promise.all([
    import('./gateway/priority.ts'),
    import('./archive/archiver.ts'),
    import('./archive/rebuild.ts'),
    import('./archive/read.ts'),
  ]);
  const decoders = await loadDecoders();
  const log = createLog('info');
  const note = (level: 'info' | 'warn' | 'error', message: string, detail?: object) => log[level]({ part: 'archive', ...detail }, message);
  let archiver: Archiver | null = null;
  let state = '';
  /** How far the journal was before the archive has started. */
  let early: { segment: number; offset: number } | null = null;
  const running = (): Archiver => {
    if (archiver === null) throw new ChaperoneError('INTERNAL', 'the archive has not been started');
    return archiver;
  };
  const handlers: ArchiveHandlers = {
    prepare: async (given) => {
      state = given;
      prepareCatalog(state, decoders, note);
      return unfinishedSessions(state);
    },
    start: async () => {
      archiver = archiveJournal({ state, decoders, log: note, audit: (event) => main.audit(event), rest: courtesy() });
      if (early) archiver.committed(early);
      yieldToOthers();
    },
    committed: (position) => {
      if (archiver) archiver.committed(position);
      else early = position;
    },
    status: () => running().status(),
    close: () => running().close(),
  };
  const main = connectThreads<MainHandlers>(port, handlers);
}

// ---- the API's thread ----------------------------------------------------------------------------------------------------

interface ApiData {
  readonly state: string;
  readonly listen: Place;
  readonly certificate: Certificate | null;
  readonly identity: IdentitySettings;
  readonly roles: Configuration['roles'];
  readonly approvals: DeskData;
}
type ApiHandlers = DeskHandlers & {
  listen(data: ApiData): Promise<Place>;
  close(nothing: null): Promise<void>;
};

async function runApiThread(port: MessagePort): Promise<void> {
  const [{ serveApi }, { openCatalog }, { decodeRecording, readEntries }, { createIdentity }, { deskHandlers, openDeskIn }] =
    await Promise.all([
      import('./api/index.ts'),
      import('./archive/catalog.ts'),
      import('./archive/read.ts'),
      import('./stages/identity/identity.ts'),
      import('./gateway/approval-desk.ts'),
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

// ---- the gateway ---------------------------------------------------------------------------------------------------------

/** The threads of a gateway. They are started before anything is known of it, so that they load while the configuration is read. */
interface Threads extends AsyncDisposable {
  readonly archive: Thread<ArchiveHandlers>;
  readonly api: Thread<ApiHandlers>;
  /** Gives the threads what answers them; what they ask before is refused. */
  answerBy(answers: MainHandlers): void;
}

function startThreads(): Threads {
  let answers: MainHandlers | null = null;
  const known = (): MainHandlers => {
    if (answers === null) throw new ChaperoneError('INTERNAL', 'the gateway is starting');
    return answers;
  };
  const handlers: MainHandlers = {
    audit: async (event) => known().audit(event),
    told: async (told) => known().told(told),
    status: async () => known().status(null),
    connections: async () => known().connections(null),
    policies: async () => known().policies(null),
  };
  const archive = startThread<ArchiveHandlers>(entry, 'archive' satisfies Role, handlers);
  const api = startThread<ApiHandlers>(entry, 'api' satisfies Role, handlers);
  const end = async () => void (await Promise.all([archive.terminate(), api.terminate()]));
  return { archive, api, answerBy: (given) => (answers = given), [Symbol.asyncDispose]: end };
}

async function serve(path: string, log: Logger, started: Threads): Promise<RunningGateway | readonly ConfigurationProblem[]> {
  await using stack = new AsyncDisposableStack();
  const threads = stack.use(started);
  const { loadConfiguration } = await import('./gateway/configuration/index.ts');
  const protocols = await loadProtocols();
  const configuration = await loadConfiguration(path, protocols);
  if (isProblems(configuration)) return configuration;
  const gateway = await openHouse(configuration, protocols, threads, log, stack);
  const running = stack.move();
  const stopped = Promise.withResolvers<void>();
  const stop = async (graceMs: number) => {
    await gateway.drain(graceMs);
    stopped.resolve(running.disposeAsync());
    return stopped.promise;
  };
  return { console: gateway.console, sockets: gateway.listeners, stop, stopped: stopped.promise };
}

function isProblems(loaded: Configuration | ConfigurationProblem[]): loaded is ConfigurationProblem[] {
  return Array.isArray(loaded);
}

type Protocols = Awaited<ReturnType<typeof loadProtocols>>;

/** Opens part after part; `stack` closes them in the opposite order, so that the journal is sealed and archived last. */
async function openHouse(
  configuration: Configuration,
  protocols: Protocols,
  threads: Threads,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<Gateway & { readonly console: string | null }> {
  const { archive, api } = threads;
  const { state, listen, identity, roles, policies } = configuration;
  await mkdir(state, { recursive: true, mode: 0o700 });
  await chmod(state, 0o700);
  const { acquireLock } = await import('./stages/recording/journal.ts');
  const lock = await acquireLock(state);
  stack.defer(() => lock.release());
  const certificate = await certificateOf(configuration);
  const sealed = new AbortController();
  const journal = await openRecorder(state, await archive.calls.prepare(state), archive, lock, sealed.signal, log);
  stack.defer(async () => {
    await journal.close();
    sealed.abort();
    await archive.calls.committed(journal.position());
    await archive.calls.close(null);
  });
  let gateway: Gateway | null = null;
  let approvals: Approvals | null = null;
  threads.answerBy({
    audit: (event) => journal.audit(event),
    told: async (told) => approvals?.told(told),
    status: async () => statusOf(gateway, journal, await archive.calls.status(null).catch(() => null), configuration.connections),
    connections: async () => connectionItems(configuration.connections),
    policies: async () => ({
      version: policies.version,
      items: [...policies.policies.keys()].map((id) => ({ id })),
    }),
  });
  await archive.calls.start(null);
  const { connectApprovals, deskData } = await import('./gateway/approvals.ts');
  const served = { state, certificate, identity, roles, approvals: deskData(configuration) };
  const console = listen.console && (await api.calls.listen({ ...served, listen: listen.console }));
  stack.defer(() => api.calls.close(null));
  const { openGateway } = await import('./gateway/gateway.ts');
  approvals = await connectApprovals(configuration.approvals, console, certificate !== null, {
    desk: api.calls,
    policyVersion: () => policies.version,
    log: (line) => log.warn({ part: 'approvals' }, line),
  });
  const stages = await openStages(configuration, journal, approvals, log);
  gateway = await openGateway({ configuration, protocols, stages, certificate, console, now: Date.now, log: (line) => log.warn(line) });
  watch([archive, api], log);
  return { ...gateway, console: console && `${certificate ? 'https' : 'http'}://${hostPort(console)}` };
}

/** How often the archive is told how far the journal is. */
const tellArchiveMs = 50;

async function openRecorder(
  state: string,
  unfinished: readonly { session: string; lastSequence: number }[],
  archive: Thread<ArchiveHandlers>,
  lock: Lock,
  sealed: AbortSignal,
  log: Logger,
): Promise<Journal> {
  const { openJournal } = await import('./stages/recording/journal.ts');
  let committed: { segment: number; offset: number } | null = null;
  const tell = () => {
    if (committed && !sealed.aborted)
      archive.calls.committed(committed).catch((fault: unknown) => log.error(`the archive does not follow: ${messageOf(fault)}`));
    committed = null;
  };
  return openJournal({
    folder: join(state, 'journal'),
    now: () => performance.timeOrigin + performance.now(),
    log: (line) => log.warn({ part: 'journal' }, line),
    gatewayId: createId(),
    version,
    unfinished,
    lock,
    onCommit: (position) => {
      if (committed === null) setTimeout(tell, tellArchiveMs).unref();
      committed = position;
    },
  });
}

async function openStages(configuration: Configuration, journal: Journal, { ask }: Approvals, log: Logger): Promise<Stages> {
  const [{ createIdentity }, { createPolicy }] = await Promise.all([
    import('./stages/identity/identity.ts'),
    import('./stages/policy/index.ts'),
  ]);
  const identity = createIdentity(configuration.identity, { now: Date.now, log: (line) => log.warn({ part: 'identity' }, line) });
  const policy = createPolicy(configuration.policies);
  return {
    identify: (credential) => identity.identify(credential),
    judge: (circumstance, action) => policy.judge(circumstance, action),
    ask,
    recorder: journal,
  };
}

async function certificateOf({ listen, state }: Configuration): Promise<Certificate | null> {
  const { tls } = listen;
  if (tls === null) return null;
  if (tls !== 'self-signed') return { certPem: tls.certPem, keyPem: tls.keyPem.reveal() };
  const { keepSelfSigned } = await import('./gateway/certificate.ts');
  return keepSelfSigned(state, Date.now());
}

/** A gateway that has lost a part ends as a whole, so that whoever supervises it starts a whole one; its record is safe in the journal. */
function watch(threads: readonly Pick<Thread<never>, 'ended'>[], log: Logger): void {
  for (const { ended } of threads)
    ended.catch((fault: unknown) => {
      log.fatal(`a thread of the gateway ended by a fault: ${messageOf(fault)}`);
      process.exitCode = 1;
      process.kill(process.pid, 'SIGTERM');
    });
}

function hostPort({ host, port }: Place): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function createLog(level: 'info' | 'warn'): Logger {
  return pino({ base: null, level: process.env['CHAPERONE_LOG'] ?? level }, pino.destination({ fd: 2, sync: true }));
}

// ---- the command line ----------------------------------------------------------------------------------------------------

async function runCommandLine(words: readonly string[]): Promise<number> {
  const [command] = words;
  // Measured: the threads take as long to load as the commands and the configuration do, so they load beside them.
  const threads = command === 'serve' || command === 'quickstart' ? startThreads() : null;
  const start = (path: string, level: 'info' | 'warn') => serve(path, createLog(level), threads ?? startThreads());
  const [{ runProgram }, { processOutput }, { fromState }, decoders] = await Promise.all([
    import('./cli/program.ts'),
    import('./cli/output.ts'),
    import('./cli/state-source.ts'),
    loadDecoders(),
  ]);
  const exit = await runProgram(words, {
    serve: async (path) => (await import('./cli/serve.ts')).runServe((file) => start(file, 'info'), path, words.includes('--json')),
    check: async (path, options) => {
      const { runCheck } = await import('./cli/check.ts');
      const { exitCode, output } = await runCheck(path, await loadProtocols(), options);
      process.stdout.write(output);
      return exitCode;
    },
    quickstart: (options) => demonstrate(options, (file) => start(file, 'warn')),
    openState: (folder) => fromState(folder, decoders),
    streams: { out: processOutput(process.stdout, process.env), err: processOutput(process.stderr, process.env) },
    stdin: process.stdin,
    env: process.env,
    version,
    now: Date.now,
    wait: (milliseconds) => pause(milliseconds),
  });
  await threads?.[Symbol.asyncDispose]();
  return exit;
}

async function demonstrate(options: QuickstartOptions, start: Serve): Promise<number> {
  const [{ runQuickstart }, { listenForStop }] = await Promise.all([import('./cli/quickstart/quickstart.ts'), import('./cli/serve.ts')]);
  const signals = listenForStop();
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const demonstration = await runQuickstart({ serve: start, log, stdout: process.stdout }, options);
  await signals.first;
  await demonstration.stop();
  return 0;
}

if (isMainThread) {
  process.exitCode = await runCommandLine(process.argv.slice(2));
} else if (parentPort) {
  const role = workerData as Role;
  await (role === 'archive' ? runArchiveThread(parentPort) : runApiThread(parentPort));
}
