import { isIPv4 } from 'node:net';

/**
 * Whether a listener on `listenHost` may answer a request that names `hostHeader`. A page of a hostile site can make its own
 * name resolve to 127.0.0.1 and then read a loopback service as its own origin (DNS rebinding, for example CVE-2025-66414);
 * what it cannot do is change the Host header the browser sends. Other listeners are reached by names we do not know.
 */
export function isHostAllowed(listenHost: string, hostHeader: string | undefined): boolean {
  if (!isLoopback(listenHost)) return true;
  if (hostHeader === undefined) return false;
  const name = hostName(hostHeader);
  return name !== null && isLoopback(name);
}

/** Whether a host name or address without port or brackets stands for this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name === '::1') return true;
  return isIPv4(name) && name.startsWith('127.');
}

function hostName(header: string): string | null {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,255}))(?::\d{1,5})?$/i.exec(header);
  return match?.[1] ?? match?.[2] ?? null;
}
