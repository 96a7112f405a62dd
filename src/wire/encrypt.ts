import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { authorityOf, type TargetTls } from './settings.ts';

/** By whom a target at this host must be vouched for, and by which name. */
export interface TlsTerms {
  readonly ca: string | undefined;
  readonly servername: string | undefined;
  readonly host: string;
}

/** Reads the authority's file where one is named. */
export function tlsTermsOf(tls: TargetTls, host: string): TlsTerms {
  const ca = tls === 'verify' ? undefined : authorityOf(tls);
  // RFC 6066 section 3: an address is no server name.
  return { ca, servername: isIP(host) === 0 ? host : undefined, host };
}

/** Speaks TLS on a socket that is open, in one of these versions of what comes above it (ALPN); the signal ends the waiting. */
export function encrypt(
  socket: Socket,
  { ca, servername, host }: TlsTerms,
  versions: readonly string[],
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secure = connect({
      socket,
      host,
      ...(ca === undefined ? {} : { ca }),
      ...(servername === undefined ? {} : { servername }),
      ALPNProtocols: [...versions],
      minVersion: 'TLSv1.2',
    });
    const late = () => secure.destroy(new Error('no TLS in time'));
    signal.addEventListener('abort', late, { once: true });
    secure.once('error', reject);
    secure.once('secureConnect', () => {
      signal.removeEventListener('abort', late);
      secure.off('error', reject);
      resolve(secure);
    });
  });
}
