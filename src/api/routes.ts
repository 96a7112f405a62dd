import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { z } from 'zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterOrdinal } from '../archive/cursor.ts';
import type { CatalogReader, PageRequest } from '../archive/items.ts';
import type { Excerpt, RecordingLine } from '../archive/decoded.ts';
import type { JsonObject } from '../core/json.ts';
import { isOwn } from './access.ts';
import * as contract from './contract.ts';
import { linesShownTo, shownTo } from './discretion.ts';
import type { GatewayPort } from './gateway-port.ts';
import { viewedSession, viewing } from './gate.ts';
import { asciicast, har, ndjson, patch, type Read } from './ndjson.ts';
import { lookedAt, recordLook } from './trail.ts';

export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

export interface RouteSources {
  readonly catalog: CatalogReader;
  /** One session's entries in order, decoded into lines. */
  readonly recording: (session: string, excerpt: Excerpt) => AsyncIterable<RecordingLine>;
  readonly gateway: GatewayPort;
}

const linesType = 'application/x-ndjson; charset=utf-8';
const forms = {
  ndjson: { type: linesType, ending: 'ndjson', as: ndjson },
  har: { type: 'application/json', ending: 'har', as: har },
  patch: { type: 'application/mbox', ending: 'patch', as: patch },
  asciicast: { type: 'application/x-asciicast', ending: 'cast', as: asciicast },
} as const satisfies Record<z.output<typeof contract.exportQuery>['format'], object>;

export function addSessionRoutes(api: Api, { catalog, gateway }: RouteSources): void {
  api.get(
    '/api/v1/sessions',
    { schema: { summary: 'Sessions, newest first', querystring: contract.sessionQuery, response: { 200: contract.sessionPage } } },
    async (request) => {
      const [filter, page] = split(request.query);
      const viewer = viewing(request);
      const { items, next } = catalog.sessions(filter, viewer.visibility, page);
      return { items: items.map((session) => shownTo(viewer, session)), next };
    },
  );
  api.get(
    '/api/v1/sessions/:id',
    {
      schema: {
        summary: 'One session',
        params: contract.sessionParams,
        querystring: contract.noQuery,
        response: { 200: contract.session },
      },
    },
    async (request) => shownTo(viewing(request), viewedSession(request)),
  );
  api.get(
    '/api/v1/sessions/:id/exchanges',
    {
      schema: {
        summary: 'The exchanges of one session, in their order',
        params: contract.sessionParams,
        querystring: contract.sessionExchangesQuery,
        response: { 200: contract.exchangePage },
      },
    },
    async (request) => {
      const session = viewedSession(request);
      const viewer = viewing(request);
      if (!isOwn(viewer, session)) await recordLook(gateway, viewer, 'exchanges.read', lookedAt(session));
      const [{ from = 1 }, { limit, cursor }] = split(request.query);
      const start = from === 1 ? null : afterOrdinal(from - 1);
      return catalog.exchanges({ session: session.id }, viewer.visibility, { limit, cursor: cursor ?? start });
    },
  );
}

export function addRecordingRoutes(api: Api, { gateway, recording }: RouteSources): void {
  api.get(
    '/api/v1/sessions/:id/recording',
    {
      schema: {
        summary: 'Every entry in order, decoded, one a line; or those of one exchange, or from a sequence on',
        params: contract.sessionParams,
        querystring: contract.recordingQuery,
      },
    },
    async (request, reply) => {
      const wanted = present(request.query);
      return reply.type(linesType).send(await lines(request, 'recording.read', wanted, wanted));
    },
  );
  api.get(
    '/api/v1/sessions/:id/export',
    { schema: { summary: 'The recording in an open format', params: contract.sessionParams, querystring: contract.exportQuery } },
    async (request, reply) => {
      const wanted = present(request.query);
      const { format, ...excerpt } = wanted;
      const form = forms[format];
      const file = [viewedSession(request).id, ...Object.values(excerpt)].join('-');
      const stream = await lines(request, 'recording.exported', wanted, excerpt, form.as);
      return reply.type(form.type).header('content-disposition', `attachment; filename="${file}.${form.ending}"`).send(stream);
    },
  );

  async function lines(
    request: FastifyRequest,
    event: string,
    more: JsonObject,
    excerpt: Excerpt,
    as: (read: Read) => Promise<Readable> = ndjson,
  ): Promise<Readable> {
    const session = viewedSession(request);
    // Fastify would read the whole recording to answer a HEAD; nothing is looked at, so nothing is put on the trail either.
    if (request.method === 'HEAD') return Readable.from([]);
    await recordLook(gateway, viewing(request), event, { ...lookedAt(session), ...more });
    return as((exchange) => linesShownTo(viewing(request), recording(session.id, exchange === undefined ? excerpt : { exchange })));
  }
}

export function addTrailRoute(api: Api, { catalog }: RouteSources): void {
  api.get(
    '/api/v1/audit',
    {
      schema: { summary: 'What people and the gateway did', querystring: contract.auditQuery, response: { 200: contract.auditPage } },
    },
    async (request) => {
      const { items, next } = catalog.audit(...split(request.query));
      // JSON read back from the record: the schema's type is the mutable form of the same.
      return { items: items.map((item) => ({ ...item, detail: structuredClone(item.detail) as Record<string, never> })), next };
    },
  );
}

/** A query as the catalog wants it: what narrows, and which page. */
export function split<Query extends { readonly limit: number; readonly cursor?: string | undefined }>(
  query: Query,
): readonly [Present<Omit<Query, 'limit' | 'cursor'>>, PageRequest] {
  const { limit, cursor, ...rest } = query;
  return [present(rest), { limit, cursor: cursor ?? null }];
}

/** Only entries that are undefined are left out, which is what `Present` says. */
export function present<Given extends object>(given: Given): Present<Given> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Present<Given>;
}

export type Present<Type> = { readonly [Key in keyof Type]: Exclude<Type[Key], undefined> };
