import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import { addressesOf } from '../../wire/dial.ts';
import { type Attributes, openUpstream, type Upstream, type UpstreamOrder } from './target-session.ts';
import { PassedBy, TargetRefused } from './upstream.ts';
import type { Settings } from './settings.ts';

type Host = Settings['target']['hosts'][number];
type Look = (host: string) => Promise<readonly string[]>;

/** Rounds after the first, and how long before the first of them; each later one waits twice as long. */
const rounds = 5;
const firstPauseMs = 100;

/**
 * Finds a server among the target's hosts and opens a session there, as libpq does (PostgreSQL 18 manual, sections 34.1.1.3
 * and 34.1.2): one that cannot be reached, starts up or has not the wanted attributes is passed by, and any other refusal
 * ends the search. While servers refuse connections or start up, more rounds are made than libpq makes. Rejects with
 * TargetRefused.
 */
export async function findServer(order: UpstreamOrder, look: Look = addressesOf): Promise<Upstream> {
  const { hosts, loadBalanceHosts, connectTimeout } = order.settings.target;
  const inOrder = loadBalanceHosts === 'random' ? shuffled(hosts) : hosts;
  const deadline = performance.now() + connectTimeout;
  for (let round = 0; ; round += 1) {
    const found = await goRound(order, inOrder, look);
    if (!Array.isArray(found)) return found;
    const wait = firstPauseMs * 2 ** round * (0.5 + Math.random());
    const hopeless = round === rounds || performance.now() + wait > deadline || !found.some(({ fault }) => fault.soon);
    if (hopeless) throw new TargetRefused(summaryOf(found, hosts.length > 1));
    // Whoever ends the wait is asked for its reason before anything is dialled.
    await pause(wait, undefined, { signal: order.signal }).catch(() => {});
  }
}

interface Passed {
  readonly host: Host;
  readonly fault: PassedBy;
}

/** Once through all hosts, and with `prefer-standby` once more for whatever there is. */
async function goRound(order: UpstreamOrder, hosts: readonly Host[], look: Look): Promise<Upstream | Passed[]> {
  const wanted = order.settings.target.targetSessionAttrs;
  const passes: readonly Attributes[] = wanted === 'prefer-standby' ? ['standby', 'any'] : [wanted];
  let passed: Passed[] = [];
  for (const attributes of passes) {
    passed = [];
    for (const host of hosts) {
      const found = await tryHost(order, host, attributes, look);
      if (!Array.isArray(found)) return found;
      passed.push(...found.map((fault) => ({ host, fault })));
    }
  }
  return passed;
}

async function tryHost(order: UpstreamOrder, { host, port }: Host, wanted: Attributes, look: Look): Promise<Upstream | PassedBy[]> {
  const addresses = await addressesInTime(order, host, look);
  if (addresses instanceof PassedBy) return [addresses];
  const passed: PassedBy[] = [];
  for (const address of order.settings.target.loadBalanceHosts === 'random' ? shuffled(addresses) : addresses) {
    if (order.signal.aborted) throw ended();
    try {
      return await openUpstream(order, { host, address, port }, wanted);
    } catch (fault) {
      if (!(fault instanceof PassedBy)) throw fault;
      passed.push(fault);
      if (fault.next === 'host') break;
    }
  }
  return passed;
}

/** A look-up cannot be broken off: it is left to itself when it takes too long. */
async function addressesInTime({ settings, signal }: UpstreamOrder, host: string, look: Look): Promise<readonly string[] | PassedBy> {
  if (signal.aborted) throw ended();
  const late = AbortSignal.any([signal, AbortSignal.timeout(settings.target.connectTimeout)]);
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new Error(`${host} was looked up for too long`));
  late.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([look(host), promise]);
  } catch (fault) {
    if (signal.aborted) throw ended();
    return new PassedBy(messageOf(fault), { next: 'host', soon: false, cause: fault });
  } finally {
    late.removeEventListener('abort', stop);
  }
}

function ended(): TargetRefused {
  return new TargetRefused('the session ended while the target was being reached');
}

/** The reasons of the last round, one after the other; which host each is of only where there are several. */
function summaryOf(passed: readonly Passed[], several: boolean): string {
  const reasons = passed.map(({ host: { host, port }, fault }) => (several ? `${host}:${port}: ${fault.message}` : fault.message));
  return [...new Set(reasons)].join('; ');
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  const keyed = items.map((item) => ({ item, key: randomInt(2 ** 47) }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}
