import type { DiskUsage } from '../archive/disk-usage.ts';
import type { Holding, HoldingsReader } from '../archive/holdings.ts';
import type { AuditItem, CatalogReader } from '../archive/items.ts';
import type { z } from 'zod';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { ConnectionItem, GatewayPort, GatewayStatus } from './gateway-port.ts';
import type { Api } from './routes.ts';
import { recordLook } from './trail.ts';

export interface KeepingSources {
  readonly catalog: CatalogReader;
  readonly gateway: GatewayPort;
  readonly holdings: HoldingsReader;
  readonly diskUsage: () => Promise<DiskUsage>;
}

type Retention = z.output<typeof contract.retention>;
type Proof = z.output<typeof contract.proof>;

const startsTold = 10;
const damagesTold = 20;
const detailTold = 500;

export function addKeepingRoutes(api: Api, sources: KeepingSources): void {
  const { gateway, holdings, diskUsage } = sources;
  api.get(
    '/api/v1/retention',
    {
      schema: {
        summary: 'What is kept of each connection, and what is deleted next',
        querystring: contract.noQuery,
        response: { 200: contract.retention },
      },
    },
    async (request) => {
      await recordLook(gateway, viewing(request), 'retention.read', {});
      const [connections, disk] = await Promise.all([gateway.connections(), diskUsage()]);
      const { complete, items } = holdings.holdings();
      return { complete, items: keptOf(connections, items), disk };
    },
  );
  api.get(
    '/api/v1/proof',
    {
      schema: {
        summary: 'What can be said of the record: what is whole, what is not, what is missing, and what proves it',
        querystring: contract.noQuery,
        response: { 200: contract.proof },
      },
    },
    async (request) => {
      await recordLook(gateway, viewing(request), 'proof.read', {});
      return proofOf(await gateway.status(), sources);
    },
  );
}

/** Configured connections in their order, and then those that are not any more. */
function keptOf(connections: readonly ConnectionItem[], items: readonly Holding[]): Retention['items'] {
  const days = new Map<string | null, number>(connections.map(({ name, retentionDays }) => [name, retentionDays]));
  const configured = [...days].map(([connection, configuredDays]) => {
    const held = items.find((item) => item.connection === connection);
    const { sessions = 0, active = 0, crossedBytes = 0, oldest = null, next = null } = held ?? {};
    return { connection, configuredDays, sessions, active, crossedBytes, oldest, next };
  });
  const others = items
    .filter(({ connection }) => !days.has(connection))
    .map(({ connection, sessions, active, crossedBytes, oldest, next }) => ({
      connection,
      configuredDays: null,
      sessions,
      active,
      crossedBytes,
      oldest,
      next,
    }));
  return [...configured, ...others];
}

function proofOf({ ready, measures }: GatewayStatus, { catalog, holdings }: KeepingSources): Proof {
  const measure = (name: string) => measures.find((each) => each.name === name)?.value ?? null;
  const faulty = measure('chaperone_archive_faulty');
  const { complete, items } = holdings.holdings();
  const audit = (event: string, limit: number) => catalog.audit({ event }, { limit, cursor: null }).items;
  return {
    complete,
    evidence: { checksum: 'crc32', chained: false, signed: false },
    recorder: {
      ready,
      lagBytes: measure('chaperone_archive_lag_bytes'),
      segments: measure('chaperone_archive_segments'),
      standsStill: faulty === null ? null : faulty > 0,
      gapsSinceStart: measure('chaperone_journal_gaps_total'),
    },
    connections: items.map(({ connection, sessions, active, interrupted, gaps, lastWhole }) => ({
      connection,
      sessions,
      active,
      interrupted,
      gaps,
      lastWhole,
    })),
    gaps: holdings.gaps(),
    missing: holdings.missing(),
    starts: audit('gateway.started', startsTold).map(startOf),
    damages: audit('journal.', damagesTold).map(({ id, at, event, detail }) => ({
      id,
      at,
      event,
      detail: JSON.stringify(detail).slice(0, detailTold),
    })),
  };
}

function startOf({ id, at, detail }: AuditItem): Proof['starts'][number] {
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  const { version } = detail;
  return {
    id,
    at,
    recovered: number(detail['recovered']),
    tornBytes: number(detail['tornBytes']),
    version: typeof version === 'string' ? version : null,
  };
}
