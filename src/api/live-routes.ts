import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { CatalogReader, SessionItem } from '../archive/items.ts';
import type { RecordingLine } from '../archive/decoded.ts';
import type { Viewer } from './access.ts';
import * as contract from './contract.ts';
import { lineShownTo, shownTo } from './discretion.ts';
import { eventStream, eventStreamType, type StreamEvent } from './event-stream.ts';
import { stillAdmitted, viewedSession, viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';
import { lookedAt, recordLook } from './trail.ts';

export interface LiveSources {
  readonly catalog: CatalogReader;
  readonly gateway: GatewayPort;
  /** One session's entries in order, decoded, some before `from` and all behind it; null says that there is no more for now. */
  readonly live: (session: string, from: number) => AsyncIterable<RecordingLine | null>;
}

/** How often one looks for more: with the archive's own 250 ms a watcher is half a second behind. */
const lookEveryMs = 200;
/** How often a watcher whose session is silent is told that it is still there. */
const pulseEveryMs = 5_000;
/** Each decodes a recording of its own. */
const mostWatchers = 100;

export function addLiveRoute(api: Api, { catalog, gateway, live }: LiveSources): void {
  let watchers = 0;
  let closing = false;
  api.addHook('preClose', async () => void (closing = true));
  api.get(
    '/api/v1/sessions/:id/live',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Server-sent events: what is on record from a sequence on, and then every entry as it happens',
        params: contract.sessionParams,
        querystring: contract.liveQuery,
      },
    },
    async (request, reply) => {
      if (watchers >= mostWatchers) return sendProblem(reply, tooMany());
      const session = viewedSession(request);
      const viewer = viewing(request);
      const asked = request.query.from;
      const from = lastSeen(request) ?? (asked === 'end' ? (catalog.lastSequence(session.id) ?? -1) + 1 : asked);
      await recordLook(gateway, viewer, 'session.watched', { ...lookedAt(session), from });
      watchers += 1;
      // However it ends, and also where nobody ever read of it.
      reply.raw.once('close', () => (watchers -= 1));
      const events = watch(session, viewer, from, { catalog, live, goesOn: () => !closing && stillAdmitted(request) });
      return reply.type(eventStreamType).send(eventStream(events));
    },
  );
}

interface Watching extends Pick<LiveSources, 'catalog' | 'live'> {
  readonly goesOn: () => boolean;
}

/** The session as it is, its entries from `from` on, and its state again whenever one has caught up with it. */
async function* watch(session: SessionItem, viewer: Viewer, from: number, watching: Watching): AsyncGenerator<StreamEvent | null> {
  const { catalog, live, goesOn } = watching;
  const state = (name: string): StreamEvent => ({ event: name, data: shownTo(viewer, catalog.session(session.id) ?? session) });
  const pulse = createPulse();
  let wasOver = false;
  // Whoever begins at the end and comes back must be told of what came in between.
  yield from === 0 ? state('session') : { ...state('session'), id: String(from - 1) };
  yield null;
  for await (const line of live(session.id, from)) {
    if (line !== null) {
      pulse.fresh = true;
      if (line.sequence >= from) yield { event: 'entry', id: String(line.sequence), data: lineShownTo(viewer, line) };
      continue;
    }
    // What was written between the last look and this one is still to be read.
    if (wasOver && !pulse.fresh) break;
    wasOver = isOver(catalog, session.id);
    if (!goesOn()) {
      yield state('closed');
      return;
    }
    if (pulse.isDue()) {
      yield state('session');
      yield null;
    }
    if (!wasOver) await pause(lookEveryMs);
  }
  yield state('end');
}

/** The catalog follows the recording, so what it says to be over has all its entries there. */
function isOver(catalog: CatalogReader, session: string): boolean {
  return catalog.session(session)?.status !== 'active';
}

/** When a watcher is due to be told how the session is: after what is new, and now and then. */
function createPulse() {
  let at = performance.now();
  const pulse = {
    fresh: false,
    isDue: () => {
      const due = pulse.fresh || performance.now() - at >= pulseEveryMs;
      if (due) at = performance.now();
      pulse.fresh = false;
      return due;
    },
  };
  return pulse;
}

/** What a reader that comes back has seen last (HTML Living Standard section 9.2.4); the next is what it wants. */
function lastSeen({ headers }: FastifyRequest): number | null {
  const given = headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) + 1 : null;
}

function tooMany() {
  return problem(
    'TOO_MANY',
    `${mostWatchers} people watch sessions already.`,
    'Close a page that shows a live session, or read the recording.',
  );
}
