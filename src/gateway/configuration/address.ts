import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { z } from 'zod';

/** Where a listener listens. Port 0 lets the system choose one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const says = 'host and port, such as 127.0.0.1:8080 or [::1]:8080';

/** `host:port`; an IPv6 host in brackets. */
export const listenAddress = z
  .string()
  .meta({ description: says, examples: ['127.0.0.1:8080'] })
  .transform((text, context): ListenAddress => {
    const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
    const host = bracketed ?? plain;
    const port = Number(digits);
    if (host !== undefined && port <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6)) return { host, port };
    context.addIssue({ code: 'custom', message: `is no address; write ${says}`, input: text });
    return z.NEVER;
  });

/** Whether a host can only be reached from this machine. Of names only `localhost` is known to be (RFC 6761 section 6.3). */
export function isLoopback(host: string): boolean {
  if (/^localhost\.?$/i.test(host)) return true;
  const address = canonical(host);
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** Whether whoever dials `target` arrives at `listener`. */
export function leadsTo(target: ListenAddress, listener: ListenAddress): boolean {
  if (listener.port === 0 || target.port !== listener.port) return false;
  const host = canonical(target.host);
  if (host === canonical(listener.host)) return true;
  if (isLoopback(target.host) && isLoopback(listener.host)) return true;
  const everywhere = isUnspecified(listener.host);
  return isUnspecified(target.host) || (everywhere && (isLoopback(target.host) || ownAddresses().includes(host)));
}

function isUnspecified(host: string): boolean {
  return ['0.0.0.0', '::'].includes(canonical(host));
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => canonical(address)));
}

/** One spelling for each address: IPv6 compressed, IPv4 out of its IPv6 form, names in lower case without the root's dot. */
function canonical(host: string): string {
  if (isIP(host) !== 6 || host.includes('%')) return host.toLowerCase().replace(/\.$/, '');
  const compressed = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed) ?? [];
  if (high === undefined || low === undefined) return compressed;
  return [high, low].flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 0xff]).join('.');
}
