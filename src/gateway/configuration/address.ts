import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { canonicalHost, isLoopback } from '../../wire/loopback.ts';

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

/** Whether whoever dials `target` may arrive at `listener`; here, too, what is in doubt is refused: `localhost.` is taken for this machine. */
export function leadsTo(target: ListenAddress, listener: ListenAddress): boolean {
  if (listener.port === 0 || target.port !== listener.port) return false;
  const [dialled, listening] = [canonicalHost(target.host), canonicalHost(listener.host)];
  if (dialled === listening) return true;
  if (isLoopback(dialled) && isLoopback(listening)) return true;
  return isUnspecified(dialled) || (isUnspecified(listening) && (isLoopback(dialled) || ownAddresses().includes(dialled)));
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => canonicalHost(address)));
}
