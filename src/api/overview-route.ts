import type { OverviewReader } from '../archive/overview-items.ts';
import { ChaperoneError } from '../core/errors.ts';
import type { Approval } from '../stages/approvals/approval.ts';
import type { OpenDesk } from '../stages/approvals/index.ts';
import { approvalViewer, type Viewer } from './access.ts';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import type { Api } from './routes.ts';
import { recordLook } from './trail.ts';

export interface OverviewSources {
  readonly overviews: OverviewReader;
  readonly approvals: Pick<OpenDesk, 'desk'>;
  readonly gateway: GatewayPort;
}

const dayMs = 86_400_000;
const longestDays = 92;
const mostApprovals = 2_000;
const mostTimes = 500;
/** Who answers sooner can hardly have read it. */
const fastMs = 4_000;

export function addOverviewRoute(api: Api, { overviews, approvals, gateway }: OverviewSources): void {
  api.get(
    '/api/v1/overview',
    {
      schema: {
        summary: 'What changed, which rules work, what is new, whether approvals are real, where data goes, how the record is',
        querystring: contract.overviewQuery,
        response: { 200: contract.overview },
      },
    },
    async (request) => {
      const until = request.query.until === undefined ? Date.now() : Date.parse(request.query.until);
      const since = request.query.since === undefined ? until - dayMs : Date.parse(request.query.since);
      if (since >= until || until - since > longestDays * dayMs)
        throw new ChaperoneError('REQUEST_INVALID', `The time must be one of at most ${longestDays} days, with since before until.`);
      const viewer = viewing(request);
      if (viewer.visibility === 'all')
        await recordLook(gateway, viewer, 'overview.read', {
          since: new Date(since).toISOString(),
          until: new Date(until).toISOString(),
        });
      const told = overviews.overview(since, until, viewer.visibility);
      const rules = await withoutPermits(gateway, told.rules);
      return { ...told, rules, approvals: approvalsIn(approvals, viewer, since, until), recorder: await recorderOf(gateway) };
    },
  );
}

/** The verdict on a question names also the permits that would have let it pass; they have kept nothing from passing. */
async function withoutPermits<Rule extends { readonly policy: string }>(gateway: GatewayPort, rules: readonly Rule[]): Promise<Rule[]> {
  const { items } = await gateway.policies();
  const permits = new Set(items.filter(({ effect }) => effect === 'permit').map(({ id }) => id));
  return rules.filter(({ policy }) => !permits.has(policy));
}

async function recorderOf(gateway: GatewayPort) {
  const { ready, measures } = await gateway.status();
  const lag = measures.find(({ name }) => name === 'chaperone_archive_lag_bytes');
  return { ready, lagBytes: lag?.value ?? null };
}

interface GroupCount {
  group: string;
  asked: number;
  open: number;
  approved: number;
  denied: number;
  expired: number;
  withdrawn: number;
  decisionMs: number[];
  fast: number;
}

function approvalsIn({ desk }: Pick<OpenDesk, 'desk'>, viewer: Viewer, since: number, until: number): GroupCount[] {
  const groups = new Map<string, GroupCount>();
  let looked = 0;
  for (let cursor: string | null = null; looked < mostApprovals; ) {
    const { items, next } = desk.list({ status: null }, approvalViewer(viewer), { limit: 200, cursor });
    for (const approval of items) if (isIn(approval, since, until)) for (const group of approval.groups) count(groups, group, approval);
    looked += items.length;
    const oldest = items.at(-1);
    if (next === null || oldest === undefined || Date.parse(oldest.createdAt) < since) break;
    cursor = next;
  }
  return [...groups.values()];
}

function isIn({ createdAt }: Approval, since: number, until: number): boolean {
  const at = Date.parse(createdAt);
  return at >= since && at < until;
}

function count(groups: Map<string, GroupCount>, group: string, { status, createdAt, decisions }: Approval): void {
  const none = { asked: 0, open: 0, approved: 0, denied: 0, expired: 0, withdrawn: 0, decisionMs: [], fast: 0 };
  const counted = groups.get(group) ?? { group, ...none };
  groups.set(group, counted);
  counted.asked += 1;
  counted[status === 'used' ? 'approved' : status] += 1;
  for (const { at, decision } of decisions) {
    const took = Math.max(0, Date.parse(at) - Date.parse(createdAt));
    if (counted.decisionMs.length < mostTimes) counted.decisionMs.push(took);
    if (decision === 'approve' && took < fastMs) counted.fast += 1;
  }
}
