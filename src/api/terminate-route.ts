import { setTimeout as pause } from 'node:timers/promises';
import type { CatalogReader, ExchangeItem, SessionItem } from '../archive/items.ts';
import { isOwn, type Roles, rolesOf } from './access.ts';
import * as contract from './contract.ts';
import { shownTo } from './discretion.ts';
import { viewedSession, viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';
import { lookedAt, personOf, recordDeed } from './trail.ts';

export interface TerminateSources {
  readonly catalog: CatalogReader;
  readonly gateway: GatewayPort;
  readonly roles: Roles;
}

/** The archive is usually a quarter of a second behind; a receipt does not wait for one that is far behind. */
const receiptWaitsMs = 3_000;
const lookEveryMs = 50;
const mostInFlight = 100;
const notOpen = { kind: 'not-open' } as const;

export function addTerminateRoute(api: Api, { catalog, gateway, roles }: TerminateSources): void {
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
      const by = personOf(viewer.principal);
      const reason = request.body?.reason ?? null;
      if (session.status === 'active') await recordDeed(gateway, by, 'session.terminated', { ...lookedAt(session), reason });
      const done = session.status === 'active' ? await gateway.terminate({ session: session.id, by, reason }) : notOpen;
      const known = await settled(catalog, session.id);
      const stoppedAt = done.kind === 'stopped' ? done.stoppedAt : null;
      const endedAt = known === null && done.kind === 'stopped' && done.endedAt !== null ? time(done.endedAt) : (known?.endedAt ?? null);
      return {
        stoppedAt: stoppedAt === null ? null : time(stoppedAt),
        endedAt,
        lastSequence: known === null ? null : catalog.lastSequence(session.id),
        inFlight: known === null ? null : stoppedAt === null ? [] : inFlightAt(catalog, known, stoppedAt),
        session: shownTo(viewer, known ?? session),
      };
    },
  );
}

/** The session as the record has it once its end is there; null where that takes too long. */
async function settled(catalog: CatalogReader, id: string): Promise<SessionItem | null> {
  for (const until = performance.now() + receiptWaitsMs; performance.now() < until; await pause(lookEveryMs)) {
    const found = catalog.session(id);
    if (found !== null && found.status !== 'active') return found;
  }
  return null;
}

/** What had begun before the session was stopped and had not ended, and whether it had been sent by then. */
function inFlightAt(catalog: CatalogReader, session: SessionItem, stoppedAt: number): contract.Receipt['inFlight'] {
  const last = catalog.lastExchanges(session.id, mostInFlight);
  const open = last.filter((exchange) => endOf(exchange) >= stoppedAt && Date.parse(exchange.startedAt) <= stoppedAt);
  return open.map(({ id, action, text, verdict, status }) => {
    const sent = verdict === 'permitted' || verdict === 'approved';
    return { id, action, text: text.slice(0, 300), reached: sent ? 'target' : 'nothing', status };
  });
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function endOf({ startedAt, durationMs }: ExchangeItem): number {
  return durationMs === null ? Number.POSITIVE_INFINITY : Date.parse(startedAt) + durationMs;
}

function adminsOnly() {
  return problem('ACCESS_REFUSED', 'A session is ended by whose it is, or by the role admin.', 'Ask somebody with that role.');
}
