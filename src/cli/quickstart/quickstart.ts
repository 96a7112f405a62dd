import { setTimeout as pause } from 'node:timers/promises';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import type { Place } from '../../wire/dial.ts';
import { problemText } from '../check.ts';
import type { Serve } from '../serve.ts';
import { writeConfiguration } from './configuration.ts';
import { startDatabase } from './embedded-database.ts';
import { type QuickstartFolder, openFolder } from './folder.ts';
import { freePort, mustBeFree } from './free-port.ts';
import { type HeldStatement, holdStatement } from './held-statement.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { agent } from './people.ts';
import { orders } from './sample-connections.ts';
import { startSampleSites } from './sample-sites.ts';
import { playSamples, sampleRun } from './sample-traffic.ts';
import { playWebSamples } from './sample-web-traffic.ts';
import { newSecret } from './secret.ts';
import { type ShopLogin, openShop } from './shop.ts';
import { type Tokens, keepTokens } from './tokens.ts';
import { welcomeText } from './welcome.ts';

export interface QuickstartDependencies {
  /** Starts the gateway on a configuration file. */
  readonly serve: Serve;
  /** One line of progress, or a fault that the demonstration survives. */
  log(line: string): void;
  readonly stdout: { write(text: string): unknown };
}

export interface QuickstartOptions {
  /** The demonstration's folder; default `.quickstart` in the working directory. */
  readonly state?: string;
  /** Default 127.0.0.1; anything but loopback is refused. */
  readonly address?: string;
  /** Ports: default 8080, 15432, 8081 and 8082 (or, for the identity provider alone, any free one). 0 takes any free one. */
  readonly consolePort?: number;
  readonly databasePort?: number;
  readonly webPort?: number;
  readonly identityPort?: number;
}

/** How long open sessions may go on once the demonstration is told to stop. */
const graceMs = 2000;

/**
 * Runs the demonstration: an embedded database and identity provider, a gateway between, some sample traffic on the first
 * start. Rejects with `REQUEST_INVALID` where the options cannot work; whatever had started by then is stopped.
 */
export async function runQuickstart(deps: QuickstartDependencies, options: QuickstartOptions = {}): Promise<{ stop(): Promise<void> }> {
  const { address = '127.0.0.1', consolePort = 8080, databasePort = 15_432, webPort = 8081, identityPort = 8082 } = options;
  mustBeLoopback(address);
  await mustBeFree(consolePort, '--console-port');
  await mustBeFree(databasePort, '--database-port');
  await mustBeFree(webPort, '--web-port');
  const stack = new AsyncDisposableStack();
  stack.defer(holdSignals());
  try {
    const folder = await openFolder(options.state ?? '.quickstart');
    stack.defer(() => folder.release());
    const ports = { address, consolePort: consolePort || (await freePort()), databasePort, webPort, identityPort };
    await start(deps, folder, ports, stack);
  } catch (fault) {
    await stack.disposeAsync();
    throw fault;
  }
  return { stop: () => stack.disposeAsync() };
}

/** npm hands on the signal that the terminal gives to every process: the second one must not cut the draining short. */
function holdSignals(): () => void {
  const deaf = () => {};
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, deaf);
  return () => signals.forEach((signal) => process.off(signal, deaf));
}

/** Starts part after part; `stack` stops them in the opposite order, the gateway with its open sessions first. */
async function start(
  deps: QuickstartDependencies,
  folder: QuickstartFolder,
  ports: Required<Omit<QuickstartOptions, 'state'>>,
  stack: AsyncDisposableStack,
): Promise<void> {
  deps.log('starting an identity provider and PostgreSQL 18 …');
  const identity = await startIdentityProvider(folder, ports.identityPort, ports.consolePort);
  stack.defer(() => identity.stop());
  const target = await startTarget(deps, folder, stack);
  const sites = await startSampleSites(folder);
  stack.defer(() => sites.stop());
  const stopping = new AbortController();
  stack.defer(() => stopping.abort());
  const renewalFailed = (fault: unknown) => deps.log(`the tokens could not be renewed: ${messageOf(fault)}`);
  const tokens = await keepTokens(folder, identity, stopping.signal, renewalFailed);
  const configuration = await writeConfiguration(folder, { ...ports, ...target, sites, issuer: identity.issuer });
  deps.log('starting the gateway …');
  const gateway = await deps.serve(configuration);
  if (!('sockets' in gateway)) throw new ChaperoneError('INTERNAL', problemText(gateway));
  stack.defer(() => gateway.stop(graceMs));
  const web = gateway.sockets.get('web');
  const database = [...gateway.sockets].find(([name]) => name !== 'web')?.[1];
  if (database === undefined || web === undefined || gateway.console === null)
    throw new ChaperoneError('INTERNAL', 'The gateway lacks a listener.');
  const held = await playOnce(deps, folder, { database, web }, identity, tokens);
  if (held !== null) stack.defer(() => held.leave());
  const session = await sampleSession(gateway.console, tokens.auditor);
  const approval = held?.approval ?? null;
  deps.stdout.write(welcomeText(folder, { console: gateway.console, database, web, session, approval, issuer: identity.issuer }));
}

async function startTarget(deps: QuickstartDependencies, folder: QuickstartFolder, stack: AsyncDisposableStack) {
  const known = await folder.read('secrets/superuser');
  const [password, appPassword] = [known ?? newSecret(), (await folder.read('secrets/shop_app')) ?? newSecret()];
  await folder.write('secrets/shop_app', appPassword);
  await folder.write('secrets/superuser', password);
  const server = await startDatabase({ home: folder.database, log: folder.path('postgres.log'), password, fresh: known === null });
  stack.defer(() => server.stop());
  const shop: ShopLogin = { database: 'shop', user: 'shop_app', password: appPassword };
  deps.log('opening the sample shop …');
  await openShop(server, shop);
  return { target: { host: server.host, port: server.port }, shop };
}

/** Sample traffic belongs to the first start of a state only; what was played is on record from then on. The last of it waits. */
async function playOnce(
  deps: QuickstartDependencies,
  folder: QuickstartFolder,
  gateway: { database: Place; web: Place },
  identity: IdentityProvider,
  { agent: acting, dba, stranger }: Tokens,
): Promise<HeldStatement | null> {
  if ((await folder.read('samples-played')) !== null) return null;
  deps.log('playing some agent traffic …');
  try {
    const expired = await identity.person(agent.actsFor, -3600);
    await playSamples(gateway.database, orders, { agent: acting, dba, stranger, expired });
    await playWebSamples(gateway.web, acting);
    const held = await holdStatement(gateway.database, orders, acting);
    await folder.write('samples-played', `${new Date().toISOString()}\n`);
    return held;
  } catch (fault) {
    deps.log(`the sample traffic failed: ${messageOf(fault)}`);
    return null;
  }
}

/** The catalog follows the journal by a moment, so a session just ended may not be listed yet. */
async function sampleSession(console: string, token: string): Promise<string | null> {
  for (let tries = 0; tries < 40; tries += 1) {
    const answer = await fetch(`${console}/api/v1/sessions?run=${sampleRun}&limit=1`, { headers: { authorization: `Bearer ${token}` } });
    const body: unknown = answer.ok ? await answer.json() : null;
    // The shape is the contract's; anything else leaves `id` undefined.
    const id = (body as { items?: { id?: string }[] } | null)?.items?.[0]?.id;
    if (id !== undefined) return id;
    await pause(100);
  }
  return null;
}

function mustBeLoopback(address: string): void {
  if (address === '::1' || address === 'localhost' || /^127(\.\d{1,3}){3}$/.test(address)) return;
  const message = `The demonstration listens on loopback only, not on ${address}: it has no TLS and hands out tokens. For a real gateway see docs/operations.md.`;
  throw new ChaperoneError('REQUEST_INVALID', message);
}
