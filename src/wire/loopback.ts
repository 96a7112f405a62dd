import { isIP } from 'node:net';

/** One spelling for each address: IPv6 compressed, IPv4 out of its IPv6 form, names in lower case without the root's dot. */
export function canonicalHost(host: string): string {
  if (isIP(host) !== 6 || host.includes('%')) return host.toLowerCase().replace(/\.$/, '');
  const compressed = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed) ?? [];
  if (high === undefined || low === undefined) return compressed;
  return [high, low].flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 0xff]).join('.');
}

/**
 * Whether a host, without brackets or port, can only be this machine. It opens doors (no TLS, an answer to a browser), so what
 * is in doubt is not: of names only `localhost` counts (RFC 6761 section 6.3), and `localhost.` is looked up in the DNS by
 * systems whose hosts file names the one without the dot.
 */
export function isLoopback(host: string): boolean {
  if (host.endsWith('.')) return false;
  const canonical = canonicalHost(host);
  return canonical === 'localhost' || canonical === '::1' || (isIP(canonical) === 4 && canonical.startsWith('127.'));
}

/** A URL's host without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
