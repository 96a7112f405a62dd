import { lookup } from 'node:dns/promises';
import { BlockList, connect, isIPv6, type OnReadOpts, type Socket } from 'node:net';
import { canonicalHost, isLoopback } from './loopback.ts';

/** An address that nothing may be dialled at on behalf of a client. */
export class ForbiddenAddress extends Error {}

const timeoutMs = 60_000;

/** A place that is listened at. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * Link-local addresses, which clouds serve their metadata and credentials at (RFC 3927, RFC 4291 section 2.5.6; SSRF
 * class, e.g. CVE-2026-77822), the unspecified address, multicast, and the metadata addresses that are not link-local.
 */
const neverDialled = new BlockList();
neverDialled.addSubnet('169.254.0.0', 16, 'ipv4');
neverDialled.addSubnet('0.0.0.0', 8, 'ipv4');
neverDialled.addSubnet('224.0.0.0', 4, 'ipv4');
neverDialled.addAddress('100.100.100.200', 'ipv4');
neverDialled.addSubnet('fe80::', 10, 'ipv6');
neverDialled.addSubnet('ff00::', 8, 'ipv6');
neverDialled.addAddress('::', 'ipv6');
neverDialled.addAddress('fd00:ec2::254', 'ipv6');
// Through NAT64 (RFC 6052) and 6to4 (RFC 3056) an IPv6 address is any IPv4 one.
neverDialled.addSubnet('64:ff9b::', 96, 'ipv6');
neverDialled.addSubnet('2002::', 16, 'ipv6');

/** The addresses of a host, in the order in which the system has them tried. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  const found = (await lookup(host, { all: true })).map(({ address }) => address);
  const elsewhere = isLoopback(host) ? found.find((address) => !isLoopback(address)) : undefined;
  // What may go without TLS because it is on loopback must be.
  if (elsewhere !== undefined) throw new ForbiddenAddress(`${host} is ${elsewhere}, which is not on loopback`);
  return found;
}

/**
 * Resolves once, checks the address, and connects to that very address, so that a second look-up cannot say otherwise.
 * Whoever wants every address of a host tried looks them up and dials each. `reading` takes what comes in place of the stream.
 */
export async function dial(host: string, port: number, signal: AbortSignal, own: readonly Place[], reading?: OnReadOpts): Promise<Socket> {
  const [address = ''] = await addressesOf(host);
  if (contains(neverDialled, address)) throw new ForbiddenAddress(`${host} is ${address}, a link-local, metadata or multicast address`);
  if (own.some((place) => place.port === port && isSelf(place.host, address)))
    throw new ForbiddenAddress(`${host}:${port} is the gateway itself`);
  return open(address, port, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), reading);
}

function open(address: string, port: number, signal: AbortSignal, reading: OnReadOpts | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const usual = { host: address, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
    const socket = connect(reading === undefined ? usual : { ...usual, onread: reading });
    const abort = () => {
      socket.destroy();
      const reason: unknown = signal.reason;
      const late = reason instanceof Error && reason.name === 'TimeoutError';
      reject(new Error(late ? 'no answer in time' : 'the session ended while the target was being reached'));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('error');
      // Whoever takes the socket listens for errors itself; until then one must not end the process.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** A wildcard listener is reached by every loopback address; others by their own. */
function isSelf(listening: string, address: string): boolean {
  if (canonicalHost(listening) === canonicalHost(address)) return true;
  return ['0.0.0.0', '::', 'localhost'].includes(canonicalHost(listening)) && isLoopback(address);
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
