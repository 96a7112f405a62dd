import type { FastifyRequest } from 'fastify';
import type { RunReader } from '../archive/run-items.ts';
import type { JsonObject } from '../core/json.ts';
import type { Viewer } from './access.ts';
import * as contract from './contract.ts';
import { shownTo } from './discretion.ts';
import { viewedRun, viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { noSuchRun, sendProblem } from './problem.ts';
import { type Api, split } from './routes.ts';
import type { RepeatedLooks } from './repeated-looks.ts';
import { recordLook } from './trail.ts';

export interface RunSources {
  readonly runs: RunReader;
  readonly gateway: GatewayPort;
  readonly looks: Pick<RepeatedLooks, 'look'>;
}

type Look = (viewer: Viewer, event: string, detail: JsonObject) => Promise<void>;

export function addRunRoutes(api: Api, { runs, gateway, looks }: RunSources): void {
  const again: Look = (viewer, event, detail) => looks.look(viewer, event, detail);
  const once: Look = (viewer, event, detail) => recordLook(gateway, viewer, event, detail);
  api.get(
    '/api/v1/runs',
    { schema: { summary: 'Runs, newest first', querystring: contract.runQuery, response: { 200: contract.runPage } } },
    async (request) => {
      const [filter, page] = split(request.query);
      return runs.runs(filter, viewing(request).visibility, page);
    },
  );
  api.get(
    '/api/v1/runs/:id',
    {
      schema: {
        summary: 'One run: counted, with what did not simply pass and what the agent did next',
        params: contract.runParams,
        querystring: contract.runDetailQuery,
        response: { 200: contract.runDetail },
      },
    },
    async (request, reply) => {
      const id = await looked(request, again, 'run.read');
      const run = runs.run(id, request.query.exceptions);
      if (run === null) return sendProblem(reply, noSuchRun());
      const viewer: Viewer = viewing(request);
      return { ...run, newestSessions: run.newestSessions.map((session) => shownTo(viewer, session)) };
    },
  );
  api.get(
    '/api/v1/runs/:id/exchanges',
    {
      schema: {
        summary: 'The exchanges of a run, over all its connections in one order',
        params: contract.runParams,
        querystring: contract.runPageQuery,
        response: { 200: contract.exchangePage },
      },
    },
    async (request) => {
      const [{ since = null }, page] = split(request.query);
      return runs.runExchanges(await looked(request, once, 'run.exchanges-read'), since, page);
    },
  );
  api.get(
    '/api/v1/runs/:id/story',
    {
      schema: {
        summary: 'The same to be read: like acts that simply passed are one line',
        params: contract.runParams,
        querystring: contract.runPageQuery,
        response: { 200: contract.storyPage },
      },
    },
    async (request) => {
      const [{ since = null }, page] = split(request.query);
      return runs.story(await looked(request, again, 'run.read'), since, page);
    },
  );
}

/** Whoever looks at another's run is on record with it. */
async function looked(request: FastifyRequest, look: Look, event: string): Promise<string> {
  const run = viewedRun(request);
  const { principal } = viewing(request);
  const isOwn = principal.issuer === run.issuer && principal.subject === run.subject;
  if (!isOwn) await look(viewing(request), event, { run: run.id, of: `${run.subject} (${run.issuer})` });
  return run.id;
}
