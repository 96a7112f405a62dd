import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { getJson, type Query, serverNow } from './client.ts';
import type {
  Approval,
  ApprovalPage,
  AuditPage,
  Connection,
  ConnectionProtocol,
  ExchangePage,
  Facets,
  FoundPage,
  MaskingInForce,
  Overview,
  PolicySet,
  PolicyVersion,
  PolicyVersions,
  Proof,
  QueryFields,
  Retention,
  RunDetail,
  RunPage,
  Session,
  SessionPage,
  StoryPage,
} from './types.ts';

/*
 * Every question the pages ask, by the key under which its answer is kept.
 */

/** The first page is soon there; who scrolls on waits for fewer and larger ones (some 1 KB an item). */
const firstPage = 100;
const laterPage = 500;

interface Paged {
  readonly next: string | null;
}

function pages<Page extends Paged>(name: string, path: string, filter: Query) {
  return infiniteQueryOptions({
    queryKey: [name, path, filter],
    queryFn: ({ pageParam, signal }) =>
      getJson<Page>(path, { ...filter, limit: pageParam === null ? firstPage : laterPage, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export const sessionsQuery = (filter: Query) => pages<SessionPage>('sessions', '/api/v1/sessions', filter);
export const exchangesQuery = (filter: Query) => pages<FoundPage>('exchanges', '/api/v1/exchanges', filter);

export const sessionExchangesQuery = (session: string, from: number) =>
  pages<ExchangePage>('session exchanges', `/api/v1/sessions/${encodeURIComponent(session)}/exchanges`, { from });

export const facetsQuery = (filter: Query) =>
  queryOptions({
    queryKey: ['facets', filter],
    queryFn: ({ signal }) => getJson<Facets>('/api/v1/exchanges/facets', filter, signal),
    retry: false,
  });

/** The fields of the query language do not change while a gateway runs. */
export const fieldsQuery = queryOptions({
  queryKey: ['fields'],
  queryFn: ({ signal }) => getJson<QueryFields>('/api/v1/exchanges/fields', {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});
export const runsQuery = (filter: Query) => pages<RunPage>('runs', '/api/v1/runs', filter);
export const storyQuery = (run: string) => pages<StoryPage>('story', `/api/v1/runs/${encodeURIComponent(run)}/story`, {});

/** A run with its first exceptions alone: what followed each of hundreds takes the gateway longer than all the rest of it. */
export const runGlanceQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id, 'glance'],
    queryFn: ({ signal }) => getJson<RunDetail>(`/api/v1/runs/${encodeURIComponent(id)}`, { exceptions: 12 }, signal),
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => getJson<RunDetail>(`/api/v1/runs/${encodeURIComponent(id)}`, {}, signal),
  });

/** The last so many hours. The span is named by the hours, so that one asked again is the same question of a later time. */
export const overviewQuery = (hours: number) =>
  queryOptions({
    queryKey: ['overview', hours],
    queryFn: ({ signal }) => {
      const now = serverNow();
      const since = new Date(now - hours * 3_600_000).toISOString();
      return getJson<Overview>('/api/v1/overview', { since, until: new Date(now).toISOString() }, signal);
    },
    staleTime: 30_000,
  });

export const auditQuery = (filter: Query = {}) => pages<AuditPage>('audit', '/api/v1/audit', filter);

export const retentionQuery = queryOptions({
  queryKey: ['retention'],
  queryFn: ({ signal }) => getJson<Retention>('/api/v1/retention', {}, signal),
  staleTime: 30_000,
});

export const proofQuery = queryOptions({
  queryKey: ['proof'],
  queryFn: ({ signal }) => getJson<Proof>('/api/v1/proof', {}, signal),
});

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['session', id],
    queryFn: ({ signal }) => getJson<Session>(`/api/v1/sessions/${encodeURIComponent(id)}`, {}, signal),
  });

export const approvalsQuery = (status: string | null) => pages<ApprovalPage>('approvals', '/api/v1/approvals', { status });

export const approvalQuery = (id: string) =>
  queryOptions({
    queryKey: ['approval', id],
    queryFn: ({ signal }) => getJson<Approval>(`/api/v1/approvals/${encodeURIComponent(id)}`, {}, signal),
  });

export const connectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: ({ signal }) => getJson<{ readonly items: readonly Connection[] }>('/api/v1/connections', {}, signal),
});

export const connectionQuery = (name: string) =>
  queryOptions({
    queryKey: ['connection', name],
    queryFn: ({ signal }) => getJson<Connection>(`/api/v1/connections/${encodeURIComponent(name)}`, {}, signal),
  });

/** Protocols do not change while a gateway runs. */
export const protocolsQuery = queryOptions({
  queryKey: ['protocols'],
  queryFn: ({ signal }) => getJson<{ readonly items: readonly ConnectionProtocol[] }>('/api/v1/protocols', {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** What is masked by which rule, and what was in the last so many days. */
export const maskingQuery = (days: number) =>
  queryOptions({
    queryKey: ['masking', days],
    queryFn: ({ signal }) => {
      const since = new Date(serverNow() - days * 86_400_000).toISOString();
      return getJson<MaskingInForce>('/api/v1/masking', { since }, signal);
    },
    staleTime: 30_000,
  });

export const policiesQuery = queryOptions({
  queryKey: ['policies'],
  queryFn: ({ signal }) => getJson<PolicySet>('/api/v1/policies', {}, signal),
});

export const policyVersionsQuery = queryOptions({
  queryKey: ['policy versions'],
  queryFn: ({ signal }) => getJson<PolicyVersions>('/api/v1/policies/versions', {}, signal),
});

export const policyVersionQuery = (version: string) =>
  queryOptions({
    queryKey: ['policy version', version],
    queryFn: ({ signal }) => getJson<PolicyVersion>(`/api/v1/policies/versions/${encodeURIComponent(version)}`, {}, signal),
    // What was once in force never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
