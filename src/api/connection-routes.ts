import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonObject } from '../core/json.ts';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { ConnectionItem, GatewayPort, NotRegistered, Registered } from './gateway-port.ts';
import { type Problem, problem, sendProblem } from './problem.ts';
import { type Api, present } from './routes.ts';
import { personOf } from './trail.ts';
import { etagOf, versionsIn } from './entity-tags.ts';
import { trialLines, trialLinesType } from './trial-lines.ts';

export interface ConnectionSources {
  readonly gateway: Pick<
    GatewayPort,
    'connections' | 'protocols' | 'makeConnection' | 'changeConnection' | 'removeConnection' | 'tryConnection'
  >;
}

/** With room for a document of 2 MiB, and for the escapes of JSON. */
const bodyLimit = 4 * 1024 * 1024;

export function addConnectionRoutes(api: Api, { gateway }: ConnectionSources): void {
  addConnectionReading(api, gateway);
  addConnectionChanges(api, gateway);
  addConnectionTrials(api, gateway);
}

function addConnectionReading(api: Api, gateway: ConnectionSources['gateway']): void {
  api.get(
    '/api/v1/connections',
    {
      schema: {
        summary: 'The connections, without secrets',
        querystring: contract.noQuery,
        response: { 200: contract.connectionList },
      },
    },
    async () => ({ items: (await gateway.connections()).map(shown) }),
  );
  api.get(
    '/api/v1/connections/:name',
    {
      schema: {
        summary: 'One connection, without secrets',
        params: contract.connectionParams,
        querystring: contract.noQuery,
        response: { 200: contract.connection },
      },
    },
    async (request, reply) => (await one(gateway, request.params.name, reply)) ?? sendProblem(reply, noSuchConnection()),
  );
  api.get(
    '/api/v1/protocols',
    {
      schema: {
        summary: 'What a connection of each protocol is made of, as JSON schemas',
        querystring: contract.noQuery,
        response: { 200: contract.protocolList },
      },
    },
    async () => {
      const items = await gateway.protocols();
      return { items: items.map((item) => ({ ...item, schema: structuredClone(item.schema) as Record<string, never> })) };
    },
  );
}

function addConnectionChanges(api: Api, gateway: ConnectionSources['gateway']): void {
  api.post(
    '/api/v1/connections',
    {
      bodyLimit,
      schema: {
        summary: 'Makes a connection, which can be used at once; for admins, as persons',
        querystring: contract.noQuery,
        body: contract.newConnection,
        response: { 201: contract.connection },
      },
    },
    async (request, reply) => {
      const { name, ...written } = request.body;
      const by = personOf(viewing(request).principal);
      return answer(reply.code(201), await gateway.makeConnection({ name, connection: present(written), by }), () =>
        one(gateway, name, reply),
      );
    },
  );
  api.put(
    '/api/v1/connections/:name',
    {
      bodyLimit,
      schema: {
        summary: 'Changes a connection that was made here; where it leads elsewhere its sessions end; for admins, as persons',
        params: contract.connectionParams,
        headers: contract.changeHeaders,
        querystring: contract.noQuery,
        body: contract.changedConnection,
        response: { 200: contract.connection },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const by = personOf(viewing(request).principal);
      const versions = versionsIn(request.headers['if-match']);
      const done = await gateway.changeConnection({ name, connection: present(request.body), by, versions });
      return answer(reply, done, () => one(gateway, name, reply));
    },
  );
  api.delete(
    '/api/v1/connections/:name',
    {
      schema: {
        summary: 'Removes a connection that was made here, and ends its sessions; for admins, as persons',
        params: contract.connectionParams,
        headers: contract.changeHeaders,
        querystring: contract.noQuery,
        response: { 200: contract.removed },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const by = personOf(viewing(request).principal);
      const versions = versionsIn(request.headers['if-match']);
      return answer(reply, await gateway.removeConnection({ name, by, versions }), async () => ({ name }));
    },
  );
}

function addConnectionTrials(api: Api, gateway: ConnectionSources['gateway']): void {
  const attempt = async (request: FastifyRequest, reply: FastifyReply, name: string, connection: JsonObject | null) => {
    const { principal } = viewing(request);
    const order = { name, connection, principal, by: personOf(principal) };
    if (request.headers.accept?.startsWith('application/x-ndjson') === true) {
      const lines = await trialLines((told) => gateway.tryConnection(order, told));
      return 'kind' in lines ? sendProblem(reply, refusalOf(lines)) : reply.type(trialLinesType).send(lines);
    }
    const tried = await gateway.tryConnection(order, () => {});
    return tried.kind === 'tried' ? { ...tried.report, steps: [...tried.report.steps] } : sendProblem(reply, refusalOf(tried));
  };
  api.post(
    '/api/v1/connections/test',
    {
      bodyLimit,
      schema: {
        summary: 'Tries a connection that is not made yet, as the admin himself would use it; keeps nothing but the record of it',
        querystring: contract.noQuery,
        body: contract.newConnection,
        response: { 200: contract.trialReport },
      },
    },
    async (request, reply) => {
      const { name, ...written } = request.body;
      return attempt(request, reply, name, present(written));
    },
  );
  api.post(
    '/api/v1/connections/:name/test',
    {
      schema: {
        summary: 'Tries a connection as the admin himself would use it; as lines while it goes on, where application/x-ndjson is accepted',
        params: contract.connectionParams,
        querystring: contract.noQuery,
        response: { 200: contract.trialReport },
      },
    },
    async (request, reply) => attempt(request, reply, request.params.name, null),
  );
}

/** What is to be answered once it is done, or why it was not. */
async function answer<Answer>(reply: FastifyReply, done: Registered, then: () => Promise<Answer | null>): Promise<Answer | FastifyReply> {
  if (done.kind === 'done') return (await then()) ?? sendProblem(reply, noSuchConnection());
  return sendProblem(reply, refusalOf(done));
}

function refusalOf({ code, message, hint, problems }: NotRegistered): Problem {
  const errors = problems.map(({ place, message: what, remedy }) => ({ parameter: place, message: what, instead: remedy }));
  return problem(code, message, hint, errors.length === 0 ? undefined : errors);
}

/** With its version as the ETag, where it has one. */
async function one(gateway: ConnectionSources['gateway'], name: string, reply: FastifyReply) {
  const found = (await gateway.connections()).find((item) => item.name === name);
  if (found === undefined) return null;
  if (found.version !== null) void reply.header('etag', etagOf(found.version));
  return shown(found);
}

/** JSON, whose type the schema has as mutable. */
function shown({ target, written, secrets, ...item }: ConnectionItem) {
  return {
    ...item,
    target: structuredClone(target) as Record<string, never>,
    written: structuredClone(written) as Record<string, never> | null,
    secrets: [...secrets],
  };
}

function noSuchConnection() {
  return problem('NOT_FOUND', 'There is no such connection.', 'They are listed at /api/v1/connections.');
}
