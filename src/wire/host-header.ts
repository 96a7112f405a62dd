import { canonicalHost, isLoopback } from './loopback.ts';

/**
 * Whether a listener on `listenHost` may answer a request that names `hostHeader`. A page of a hostile site can make its own
 * name resolve to 127.0.0.1 and then read a loopback service as its own origin (DNS rebinding, for example CVE-2025-66414);
 * what it cannot do is change the Host header the browser sends. Other listeners are reached by names we do not know.
 */
export function isHostAllowed(listenHost: string, hostHeader: string | undefined): boolean {
  // Here it is a listener on loopback that is held to more: a spelling in doubt is taken for one.
  if (!isLoopback(canonicalHost(listenHost))) return true;
  if (hostHeader === undefined) return false;
  const name = hostName(hostHeader);
  return name !== null && isLoopback(name);
}

function hostName(header: string): string | null {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,255}))(?::\d{1,5})?$/i.exec(header);
  return match?.[1] ?? match?.[2] ?? null;
}
