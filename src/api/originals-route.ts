import { Readable } from 'node:stream';
import { framesOf } from '../archive/frame-stream.ts';
import type { Entry } from '../core/entry.ts';
import * as contract from './contract.ts';
import { viewedSession, viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { streamed } from './ndjson.ts';
import type { Api } from './routes.ts';
import { lookedAt, recordLook } from './trail.ts';

export interface OriginalsSources {
  readonly gateway: GatewayPort;
  /** One session's entries in order, as they stand on record. */
  readonly entries: (session: string) => AsyncIterable<Entry>;
}

/** What is sealed leaves the gateway sealed: it is opened where the private key is. */
export function addOriginalsRoute(api: Api, { gateway, entries }: OriginalsSources): void {
  api.get(
    '/api/v1/sessions/:id/originals',
    {
      schema: {
        summary: 'Every entry in order as it stands on record, sealed originals among them, for a program that has the key',
        params: contract.sessionParams,
        querystring: contract.noQuery,
      },
    },
    async (request, reply) => {
      const session = viewedSession(request);
      void reply.type('application/octet-stream');
      // Fastify would read it all to answer a HEAD.
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      await recordLook(gateway, viewing(request), 'originals.read', lookedAt(session));
      return reply.send(await streamed(framesOf(entries(session.id))));
    },
  );
}
