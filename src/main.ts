import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { QuickstartOptions } from './cli/quickstart/quickstart.ts';
import type { RunningGateway, Serve } from './cli/serve.ts';
import { messageOf } from './core/errors.ts';
import { createId } from './core/identifier.ts';
import type { Masking } from './core/masking.ts';
import type { Originals } from './core/originals.ts';
import type { Stages } from './core/stages.ts';
import type { Certificate } from './gateway/certificate.ts';
import type { Configuration } from './gateway/configuration/index.ts';
import type { ConfigurationProblem } from './gateway/configuration/index.ts';
import type { Gateway } from './gateway/gateway.ts';
import { loadDecoders, loadProtocols } from './gateway/protocols.ts';
import { statusOf } from './gateway/status.ts';
import { terminate } from './gateway/terminate.ts';
import type { Thread } from './gateway/thread.ts';
import type { StepTaken } from './gateway/probe/probe.ts';
import type { ApiHandlers, ArchiveHandlers, Role } from './main/calls.ts';
import { createLog } from './main/log.ts';
import { startThreads, type Threads } from './main/threads.ts';
import type { Approvals } from './stages/approvals/index.ts';
import type { Lock } from './stages/recording/lock.ts';
import type { Journal } from './stages/recording/options.ts';
import type { PolicyKeeper } from './stages/policy/index.ts';
import type { Place } from './wire/dial.ts';

/*
 * The composition root: the one file that knows all the parts. As the program it runs the command line; as a thread of a
 * gateway it runs the part that its data names. Parts are loaded where they are needed, so that a thread, or a command
 * that only reads, does not wait for the rest.
 */

// A young generation of 2 MB a thread instead of up to 64: 80 MB less in memory, and no slower. Scavenges of that size are over
// before a second thread has woken up to help with them (measured: 0.5 µs of 6 for each statement).
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-parallel-scavenge');

const version = '0.1.0';
const entry = new URL('../bin/thread.js', import.meta.url);

// ---- the gateway ---------------------------------------------------------------------------------------------------------

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
  const { state, listen, masking } = configuration;
  const lock = await lockState(state);
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
  const policies = await openPolicies(configuration, protocols, journal, () => approvals?.policiesChanged(), log);
  stack.defer(() => policies.close());
  const { openConnections } = await import('./main/connections.ts');
  const { register, answers } = await openConnections(configuration, protocols, journal, () => gateway, trialsTo(api, log), log);
  threads.answerBy({
    ...answers,
    audit: (event) => journal.audit(event),
    told: async (told) => approvals?.told(told),
    status: async () => statusOf(gateway, journal, await archive.calls.status(null).catch(() => null), register.current),
    policies: async () => policies.inForce(),
    policyCatalogs: async () => policies.catalogs,
    checkPolicies: (files) => policies.check(files),
    terminate: async (termination) => (gateway === null ? { kind: 'not-open' } : terminate(gateway.sessions, termination, Date.now)),
  });
  await archive.calls.start(null);
  const { connectApprovals, deskData } = await import('./gateway/approvals.ts');
  const served = { ...(await whoSignsIn(configuration)), state, certificate, masking, approvals: deskData(configuration) };
  const console = listen.console && (await api.calls.listen({ ...served, listen: listen.console }));
  stack.defer(() => api.calls.close(null));
  const { openGateway } = await import('./gateway/gateway.ts');
  approvals = await connectApprovals(configuration.approvals, console, certificate !== null, {
    desk: api.calls,
    policyVersion: () => policies.inForce().version,
    log: (line) => log.warn({ part: 'approvals' }, line),
  });
  const stages = await openStages(configuration, journal, policies, approvals, log);
  const running = { ...configuration, connections: register.current };
  const note = (line: string) => log.warn(line);
  gateway = await openGateway({ configuration: running, protocols, stages, certificate, console, now: Date.now, log: note });
  watch([archive, api], log);
  return { ...gateway, console: console && `${certificate ? 'https:' : 'http:'}//${hostPort(console)}` };
}

/** Makes the state folder where there is none, and keeps every other process out of it. */
async function lockState(state: string): Promise<Lock> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  await chmod(state, 0o700);
  const { acquireLock } = await import('./stages/recording/journal.ts');
  return acquireLock(state);
}

async function whoSignsIn({ identity, roles }: Configuration) {
  const { loginClients, withoutSecrets } = await import('./stages/identity/sign-in.ts');
  return { identity: withoutSecrets(identity), logins: loginClients(identity), roles };
}

/** Whoever waits for a trial hears of its steps; one that is not heard of is in the report all the same. */
function trialsTo(api: Thread<ApiHandlers>, log: Logger) {
  return (trial: string, steps: readonly StepTaken[]) =>
    void api.calls.trialStepped({ trial, steps }).catch((fault: unknown) => log.warn(`a trial's step was not told: ${messageOf(fault)}`));
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

/** Policies are followed as they change, and at once on SIGHUP; a terminal that closes sends it too, and ends a demonstration. */
async function openPolicies(
  configuration: Configuration,
  protocols: Protocols,
  journal: Journal,
  changed: () => void,
  log: Logger,
): Promise<PolicyKeeper> {
  const { PolicyKeeper: Keeper } = await import('./stages/policy/index.ts');
  const { policies, policyFolder, state, demonstration } = configuration;
  const keeper = await Keeper.open({
    first: policies,
    folder: policyFolder,
    catalogs: [...protocols.values()],
    versions: join(state, 'policies'),
    now: Date.now,
    log: (level, line) => log[level]({ part: 'policy' }, line),
    audit: (event) => journal.audit(event),
    changed,
  });
  if (!demonstration) process.on('SIGHUP', () => void keeper.reload());
  return keeper;
}

async function openStages(
  configuration: Configuration,
  journal: Journal,
  policies: PolicyKeeper,
  { ask }: Approvals,
  log: Logger,
): Promise<Stages> {
  const { createIdentity } = await import('./stages/identity/identity.ts');
  const identity = createIdentity(configuration.identity, { now: Date.now, log: (line) => log.warn({ part: 'identity' }, line) });
  return {
    identify: (credential) => identity.identify(credential),
    judge: (circumstance, action) => policies.judge(circumstance, action),
    mayOnlyRead: (circumstance) => policies.mayOnlyRead(circumstance),
    ask,
    masking: await openMasking(configuration),
    originals: await openOriginals(configuration),
    recorder: journal,
  };
}

/** Loaded only where something is to be masked: what detectors stand on is 56 MB in memory. */
async function openMasking({ masking, state }: Configuration): Promise<Masking | null> {
  if (masking === null) return null;
  const { createMasking, pseudonymKey } = await import('./stages/masking/index.ts');
  return createMasking(masking, pseudonymKey(state));
}

async function openOriginals({ masking }: Configuration): Promise<Originals | null> {
  if (masking?.originals === undefined) return null;
  const { createOriginals } = await import('./stages/originals/index.ts');
  return createOriginals(masking.originals.recipients);
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

// ---- the command line ----------------------------------------------------------------------------------------------------

async function runCommandLine(words: readonly string[]): Promise<number> {
  const [command] = words;
  // Measured: the threads take as long to load as the commands and the configuration do, so they load beside them.
  const threads = command === 'serve' || command === 'quickstart' ? startThreads(entry) : null;
  const start = (path: string, level: 'info' | 'warn') => serve(path, createLog(level), threads ?? startThreads(entry));
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
    protocols: loadProtocols,
    decoderOf: decoders,
    openState: (folder) => fromState(folder, decoders),
    streams: { out: processOutput(process.stdout, process.env), err: processOutput(process.stderr, process.env) },
    stdin: process.stdin,
    env: process.env,
    version,
    now: Date.now,
    wait: (milliseconds) => pause(milliseconds),
  });
  await threads?.[Symbol.asyncDispose]();
  if (threads !== null) endAnyway();
  return exit;
}

/** What ends by itself has ended by then. */
const leftOverMs = 1_000;

/** Everything is closed by then, and what Node still holds on to must not keep the process: a thread that was let go of did, once git had been killed. */
function endAnyway(): void {
  setTimeout(() => process.exit(), leftOverMs).unref();
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
  if (role === 'archive') await (await import('./main/archive-thread.ts')).runArchiveThread(parentPort);
  else await (await import('./main/api-thread.ts')).runApiThread(parentPort);
}
