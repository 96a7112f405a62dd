import type { RunReader } from '../archive/run-items.ts';
import { isOwn, type Roles, rolesOf } from './access.ts';
import * as contract from './contract.ts';
import { endSession, type EndingSources } from './ending.ts';
import { viewedRun, viewedSession, viewing } from './gate.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';

export interface TerminateSources extends EndingSources {
  readonly runs: Pick<RunReader, 'activeSessions'>;
  readonly roles: Roles;
}

export function addTerminateRoutes(api: Api, sources: TerminateSources): void {
  const { roles, runs } = sources;
  api.post(
    '/api/v1/sessions/:id/terminate',
    {
      schema: {
        summary: 'Ends a session that goes on; for its owner and admins',
        params: contract.sessionParams,
        querystring: contract.noQuery,
        body: contract.terminateBody,
        response: { 200: contract.receipt },
      },
    },
    async (request, reply) => {
      const viewer = viewing(request);
      const session = viewedSession(request);
      if (!isOwn(viewer, session) && !rolesOf(viewer.principal, roles).includes('admin')) return sendProblem(reply, adminsOnly());
      return endSession(sources, viewer, session, request.body?.reason ?? null);
    },
  );
  api.post(
    '/api/v1/runs/:id/terminate',
    {
      schema: {
        summary: 'Ends every session of a run that goes on; for its owner and admins',
        params: contract.runParams,
        querystring: contract.noQuery,
        body: contract.terminateBody,
        response: { 200: contract.runReceipt },
      },
    },
    async (request, reply) => {
      const viewer = viewing(request);
      const { id, issuer, subject } = viewedRun(request);
      const isOwnRun = viewer.principal.issuer === issuer && viewer.principal.subject === subject;
      if (!isOwnRun && !rolesOf(viewer.principal, roles).includes('admin')) return sendProblem(reply, adminsOnly());
      const reason = request.body?.reason ?? null;
      const receipts = await Promise.all(runs.activeSessions(id).map((session) => endSession(sources, viewer, session, reason)));
      return { items: receipts };
    },
  );
}

function adminsOnly() {
  return problem('ACCESS_REFUSED', 'A session is ended by whose it is, or by the role admin.', 'Ask somebody with that role.');
}
