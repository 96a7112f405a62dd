import type { AddressInfo } from 'node:net';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import { isLoopback } from '../wire/loopback.ts';
import type { Certificate } from './certificate.ts';
import type { ListenAddress } from './configuration/address.ts';
import type { Listener } from './listener.ts';
import type { House } from './reception.ts';
import { WebReception } from './web-reception.ts';
import { openWebServers } from './web-servers.ts';
import { receiveRequest } from './web-visit.ts';

/** The web listener, whose sessions outlive their sockets. */
export interface WebListener extends Listener {
  /** Ends the sessions in which nothing is running, and the others once nothing is. */
  endIdle(): void;
}

/** Opens the one listener of all web protocols. Throws LISTENER_FAILED where the address is taken. */
export async function openWebListener(listen: ListenAddress, certificate: Certificate | null, house: House): Promise<WebListener> {
  if (certificate === null && !isLoopback(listen.host))
    throw new ChaperoneError('LISTENER_FAILED', 'listen.web has no certificate and is not on loopback.');
  const reception = new WebReception(house);
  const scheme = certificate === null ? 'http:' : 'https:';
  const servers = openWebServers(certificate, (arrived) => receiveRequest(arrived, { host: listen.host, scheme }, reception, house));
  const { front } = servers;
  await new Promise<void>((resolve, reject) => {
    front.once('error', (fault) => {
      const where = `listen.web (${listen.host}:${listen.port})`;
      reject(
        new ChaperoneError('LISTENER_FAILED', `${where} cannot be opened: ${messageOf(fault)}. Free the address, or name another.`, {
          cause: fault,
        }),
      );
    });
    front.listen({ port: listen.port, host: listen.host }, resolve);
  });
  const { address, port } = front.address() as AddressInfo;
  const close = () => {
    reception.endIdle();
    servers.close();
  };
  return { name: 'web', host: address, port, close, endIdle: () => reception.endIdle() };
}
