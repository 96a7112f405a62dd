import { setTimeout as pause } from 'node:timers/promises';
import type { CatalogReader, ExchangeItem, SessionItem } from '../archive/items.ts';
import type { Viewer } from './access.ts';
import type { Receipt } from './contract.ts';
import { shownTo } from './discretion.ts';
import type { GatewayPort } from './gateway-port.ts';
import { lookedAt, personOf, recordDeed } from './trail.ts';

export interface EndingSources {
  readonly catalog: CatalogReader;
  readonly gateway: GatewayPort;
}

/** The archive is usually a quarter of a second behind; a receipt does not wait for one that is far behind. */
const receiptWaitsMs = 3_000;
const lookEveryMs = 50;
const mostInFlight = 100;
const notOpen = { kind: 'not-open' } as const;

/** Ends a session for a person, once that is on record, and says what became of it. One that is over stays as it is. */
export async function endSession(
  { catalog, gateway }: EndingSources,
  viewer: Viewer,
  session: SessionItem,
  reason: string | null,
): Promise<Receipt> {
  const by = personOf(viewer.principal);
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
function inFlightAt(catalog: CatalogReader, session: SessionItem, stoppedAt: number): Receipt['inFlight'] {
  const last = catalog.lastExchanges(session.id, mostInFlight);
  // Times in the catalog are whole milliseconds, so what the stop itself cut may seem to have ended just before it.
  const open = last.filter(
    (exchange) => exchange.status === 'cut' || (endOf(exchange) >= stoppedAt && Date.parse(exchange.startedAt) <= stoppedAt),
  );
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
