import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { CatalogReader, ExchangeItem, Page, SessionItem, Visibility } from '../archive/items.ts';
import type { RecordingLine } from '../archive/decoded.ts';
import type { Catalog, RunDetail, RunReader } from '../archive/run-items.ts';
import type { Overview } from '../archive/overview-items.ts';
import type { SearchReader } from '../archive/search-items.ts';
import type { AuditEvent } from '../core/entry.ts';
import { createId } from '../core/identifier.ts';
import type { Principal } from '../core/principal.ts';
import type { Credential } from '../core/stages.ts';
import { type Refusal, refuse } from '../core/verdict.ts';
import type { ApprovalRequest } from '../stages/approvals/approval.ts';
import { type OpenDesk, openDesk, type OpenDeskOptions } from '../stages/approvals/index.ts';
import { requestOf } from '../stages/approvals/testing.ts';
import { tryInThread } from '../stages/masking/trial-thread.ts';
import type { GatewayPort } from './gateway-port.ts';
import { openConsoleSessions } from './login/console-sessions.ts';
import { type ApiOptions, type ApiServer, serveApi } from './index.ts';

const issuer = 'https://login.example.test';

function person(subject: string, groups: readonly string[], agent: string | null = 'cursor'): Principal {
  const token = { issuer, subject, jti: null, sha256: 'ab'.repeat(32), expiresAt: Date.UTC(2030, 0, 1) };
  return { subject, issuer, email: `${subject}@example.test`, groups, agent, actors: agent === null ? [] : [agent], token };
}

/** Tokens of the people in these tests; a token is its person's name. */
export const people: { readonly [token: string]: Principal } = {
  ada: person('ada', ['engineering']),
  bob: person('bob', ['engineering', 'dba']),
  aud: person('aud', ['audit']),
  root: person('root', ['platform']),
  /** An admin, without an agent. */
  rootAlone: person('root', ['platform'], null),
  /** Members of an asked group: a person, and that person's agent. */
  omar: person('omar', ['dba'], null),
  omarsAgent: person('omar', ['dba']),
  /** Who asks in these tests, without the agent. */
  adaAlone: person('ada', ['engineering', 'dba'], null),
  /** The same subject at another issuer is somebody else. */
  twin: { ...person('ada', ['engineering']), issuer: 'https://other.example.test' },
};

async function identify(credential: Credential): Promise<Principal | Refusal> {
  if (credential.kind === 'none') return refuse('TOKEN_MISSING', 'No token was presented.', 'Send one as Authorization: Bearer.');
  return people[credential.token] ?? refuse('TOKEN_INVALID', 'The token is not valid.', 'Get a new one.');
}

export function sessionItem(owner: Principal | null, more: Partial<SessionItem> = {}): SessionItem {
  return {
    id: createId(),
    connection: 'orders',
    protocol: 'sql',
    principal: owner === null ? null : { ...owner, token: { jti: null, sha256: 'ab'.repeat(32), expiresAt: '2030-01-01T00:00:00.000Z' } },
    run: 'r-1',
    clientAddress: '127.0.0.1',
    startedAt: '2026-11-22T10:00:00.000Z',
    endedAt: '2026-11-22T10:01:00.000Z',
    status: 'ended',
    reason: 'the client closed',
    verdict: 'permitted',
    code: null,
    detail: null,
    policies: ['engineering'],
    policyVersion: 'v1',
    exchanges: 1,
    refused: 0,
    bytesToTarget: 100,
    bytesToClient: 2000,
    recording: 'complete',
    ...more,
  };
}

export function exchangeItem(session: SessionItem, more: Partial<ExchangeItem> = {}): ExchangeItem {
  return {
    id: `${session.id}/1`,
    session: session.id,
    connection: session.connection,
    ordinal: 1,
    startedAt: session.startedAt,
    durationMs: 2.5,
    action: 'postgres:query',
    effect: 'read',
    objects: [{ type: 'Table', name: 'public.users' }],
    text: 'select * from users where id = $1',
    parameters: ['7'],
    verdict: 'permitted',
    reason: null,
    policies: ['engineering'],
    approval: null,
    rows: 1,
    bytes: 300,
    withheld: null,
    masked: null,
    status: 'ok',
    tag: 'SELECT 1',
    error: null,
    cut: [],
    ...more,
  };
}

/** What Ada's agent wants of people. */
export function approvalRequest(more: Partial<ApprovalRequest> = {}): ApprovalRequest {
  const { subject, email } = person('ada', []);
  return requestOf({
    digest: 'cd'.repeat(32),
    session: createId(),
    protocol: 'sql',
    requester: { issuer, subject, email, agent: 'cursor' },
    action: 'sql:delete',
    demands: [{ action: 'sql:delete', effect: 'write', object: { type: 'Table', name: 'public.users' } }],
    ...more,
  });
}

/** The approvals of a trial, in memory. */
export function openTrialDesk(more: Partial<OpenDeskOptions> = {}): Promise<OpenDesk> {
  return openDesk({
    path: ':memory:',
    settings: { waitMs: 600_000, expireMs: 1_800_000, people: 1, webhooks: [], slack: [] },
    policyVersion: 'v1',
    address: () => 'https://gate.example.test/approvals/',
    now: Date.now,
    audit: async () => {},
    tell: () => {},
    soFar: () => null,
    log: () => {},
    ...more,
  });
}

/** A small catalog in memory: the ports' promises of visibility, limit and cursor, without files. */
export function memoryCatalog(sessions: readonly SessionItem[], exchanges: readonly ExchangeItem[]): CatalogReader {
  const visible = (visibility: Visibility, { principal }: SessionItem) =>
    visibility === 'all' || (principal !== null && principal.issuer === visibility.issuer && principal.subject === visibility.subject);
  const pageOf = <Item>(items: readonly Item[], limit: number, cursor: string | null): Page<Item> => {
    const from = Number(cursor ?? 0);
    return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null };
  };
  return {
    sessions: (filter, visibility, { limit, cursor }) => {
      const found = sessions.filter((each) => visible(visibility, each) && (filter.status === undefined || each.status === filter.status));
      return pageOf(found, limit, cursor);
    },
    session: (id) => sessions.find((each) => each.id === id) ?? null,
    checkpoint: () => null,
    lastSequence: (id) => (sessions.some((each) => each.id === id) ? 1 : null),
    lastExchanges: (id, limit) => exchanges.filter(({ session }) => session === id).slice(-limit),
    exchanges: (filter, visibility, { limit, cursor }) => {
      const ids = new Set(sessions.filter((each) => visible(visibility, each)).map(({ id }) => id));
      const found = exchanges.filter(
        (each) => ids.has(each.session) && each.session === (filter.session ?? each.session) && each.text.includes(filter.q ?? ''),
      );
      return pageOf(found, limit, cursor);
    },
    audit: (_filter, { limit, cursor }) => {
      const one = { id: createId(), at: '2026-11-22T10:00:00.000Z', event: 'gateway.started', actor: 'gateway', detail: { nested: [1] } };
      return pageOf([one], limit, cursor);
    },
    close: () => {},
  };
}

const nothingListed = () => ({ items: [], more: 0 });
const keptVersion = { version: '0123456789ab', since: '2026-11-22T12:00:00.000Z', author: 'Ada', files: ['a.cedar'] };

function nothingIn(since: number, until: number): Overview {
  const [from, to] = [new Date(since).toISOString(), new Date(until).toISOString()];
  return { since: from, until: to, complete: true, spans: [], rules: [], firstSeen: [], moreFirstSeen: 0, flows: [], connections: [] };
}

function hasSearch(catalog: CatalogReader): catalog is Catalog {
  return 'searching' in catalog;
}

/** A search that finds the query as one text. */
function searchingOf(catalog: CatalogReader): SearchReader {
  const nothing = { complete: true, since: null, until: null, gaps: 0, facets: [], histogram: [] };
  const search: SearchReader['search'] = ({ q, filter, visibility }, page) => {
    const text = q.replaceAll('"', '');
    const found = catalog.exchanges({ ...filter, ...(text === '' ? {} : { q: text }) }, visibility, page);
    return { ...found, lookedBackTo: null };
  };
  return { search, facets: () => ({ ...nothing, count: 0 }), newest: () => null };
}

/** Runs of one session each, by that session's id. */
function runsOf(sessions: (id: string) => SessionItem | null): RunReader {
  const itemOf = (id: string): RunDetail | null => {
    const session = sessions(id);
    if (session?.principal == null) return null;
    const { issuer, subject, email } = session.principal;
    const none = {
      exchanges: 1,
      permitted: 1,
      approved: 0,
      refused: 0,
      denied: 0,
      expired: 0,
      undecided: 0,
      failed: 0,
      masked: 0,
      gaps: 0,
    };
    return {
      id,
      name: session.run,
      principal: { issuer, subject, email },
      agents: ['cursor'],
      connections: [session.connection],
      startedAt: session.startedAt,
      endedAt: session.endedAt,
      lastAt: session.startedAt,
      sessions: 1,
      activeSessions: 0,
      turnedAway: 0,
      counts: none,
      summary: '1 exchange on 1 connection in 1 session: 1 permitted.',
      spans: { from: session.startedAt, until: session.startedAt, count: 1 },
      lanes: [],
      exceptions: [],
      moreExceptions: 0,
      newestSessions: [session],
    };
  };
  return {
    runs: () => ({ items: [], next: null }),
    runOwner: (id) => itemOf(id)?.principal ?? null,
    run: itemOf,
    activeSessions: (id) => [sessions(id)].filter((session) => session?.status === 'active') as SessionItem[],
    runExchanges: () => ({ items: [], next: null }),
    story: () => ({ items: [], next: null }),
  };
}

export interface Trial {
  readonly url: string;
  readonly audits: AuditEvent[];
  readonly faults: object[];
  ready: string | null;
  auditFault: Error | null;
  readonly approvals: ApiOptions['approvals'];
  get(path: string, token?: string | null, init?: RequestInit): Promise<Response>;
  /** The same by somebody's sign-in; `forged` and null have none. */
  getByCookie(path: string, who: string | null): Promise<Response>;
  post(path: string, token: string | null, body: object): Promise<Response>;
  /** What the browser of somebody who is signed in sends along, the token against forgery included. */
  signedIn(who: string): { cookie: string; origin: string; 'chaperone-csrf': string };
  close(): Promise<void>;
}

/** What the API is started with in a trial; the port is a free one. */
export function trialOptions(more: Partial<ApiOptions> & Pick<ApiOptions, 'catalog' | 'gateway' | 'approvals'>): ApiOptions {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    runs: runsOf((id) => more.catalog.session(id)),
    overviews: { overview: nothingIn },
    masked: { masked: (since) => ({ since: new Date(since).toISOString(), complete: true, rules: [] }) },
    masking: null,
    holdings: { holdings: () => ({ complete: true, items: [] }), gaps: nothingListed, missing: nothingListed },
    diskUsage: async () => ({ bytes: 0, files: 0, complete: true }),
    tryMasking: tryInThread,
    backtest: async () => ({ kind: 'unsound', problems: [] }),
    versions: {
      all: async () => [keptVersion],
      files: async (version) => (version === keptVersion.version ? { note: keptVersion, texts: [] } : null),
    },
    searching: hasSearch(more.catalog) ? more.catalog.searching : searchingOf(more.catalog),
    recording: twoLines,
    live: twoLines,
    entries: async function* () {},
    identify,
    roles: { admin: ['platform'], auditor: ['audit'], reviewer: ['dba'] },
    sessions: openConsoleSessions(':memory:', Date.now),
    issuers: [],
    identifyPerson: identify,
    url: null,
    pages: join(import.meta.dirname, 'no-such-folder'),
    log: { info: () => {}, error: () => {} },
    ...more,
  };
}

/** The API on a free loopback port, with these records. */
export async function startApi(
  records: Pick<ApiOptions, 'catalog'> & Partial<Pick<ApiOptions, 'recording' | 'approvals'>>,
  more: Partial<ApiOptions> = {},
  answers: Partial<GatewayPort> = {},
): Promise<Trial> {
  const audits: AuditEvent[] = [];
  const faults: object[] = [];
  const state = { ready: null as string | null, auditFault: null as Error | null };
  const gateway = { ...gatewayOf(state, audits), ...answers };
  const approvals = records.approvals ?? (await openTrialDesk({ audit: (event) => gateway.audit(event) }));
  const log = { info: () => {}, error: (fields: object) => faults.push(fields) };
  const options = trialOptions({ ...records, gateway, log, approvals, ...more });
  const server: ApiServer = await serveApi(options);
  const url = `http://127.0.0.1:${server.address.port}`;
  const get = (path: string, token: string | null = null, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    return fetch(url + path, { ...init, headers });
  };
  const post = (path: string, token: string | null, body: object) =>
    get(path, token, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const signedIn = (who: string) => {
    const secret = options.sessions.open(people[who] ?? assert.fail(`${who} is nobody`));
    const csrf = options.sessions.find(secret)?.csrf ?? '';
    return { cookie: `chaperone-console-${server.address.port}=${secret}`, origin: url, 'chaperone-csrf': csrf };
  };
  const getByCookie = (path: string, who: string | null) => {
    const cookie = who === null || who === 'forged' ? `chaperone-console-${server.address.port}=forged` : signedIn(who).cookie;
    return get(path, null, { headers: { cookie } });
  };
  return Object.assign(state, { url, audits, faults, approvals, get, getByCookie, post, signedIn, close: () => server.close() });
}

async function* twoLines(session: string): AsyncGenerator<RecordingLine> {
  yield* linesOf(session);
}

/** The recording that every session of a trial has, but where it brings its own. */
export function linesOf(session: string): RecordingLine[] {
  const at = '2026-01-01T00:00:00.000Z';
  return [
    { sequence: 0, at, exchange: 1, kind: 'bytes', direction: 'request', count: 36, parts: [{ shape: 'text', text: session }] },
    { sequence: 1, at, exchange: 0, kind: 'end', end: { status: 'ended', reason: 'the client said goodbye' } },
  ];
}

function gatewayOf(state: { ready: string | null; auditFault: Error | null }, audits: AuditEvent[]): GatewayPort {
  return {
    audit: async (event) => {
      if (state.auditFault !== null) throw state.auditFault;
      audits.push(event);
    },
    status: async () => ({
      ready: state.ready,
      sessions: { active: 3 },
      measures: [
        { name: 'chaperone_exchanges_total', help: 'Exchanges.', type: 'counter', value: 5, labels: { connection: 'orders' } },
        { name: 'chaperone_exchanges_total', help: 'Exchanges.', type: 'counter', value: 7, labels: { connection: 'billing' } },
        { name: 'chaperone_journal_bytes', help: 'Journal on disk.', type: 'gauge', value: 11 },
      ],
    }),
    connections: async () => [
      {
        name: 'orders',
        protocol: 'sql',
        recording: { durability: 'write', onFailure: 'stop', contentLimit: 67_108_864 },
        retentionDays: 90,
        target: { host: '127.0.0.1', port: 5432, key: '[secret]' },
        origin: { kind: 'file', file: 'chaperone.yaml', line: 3 },
        version: null,
        serving: { listener: 'sql', address: '127.0.0.1:15432', paths: false },
        fault: null,
        written: null,
        secrets: [],
      },
    ],
    protocols: async () => [
      { name: 'sql', serving: { listener: 'sql', address: '127.0.0.1:15432', paths: false }, remedy: null, schema: { type: 'object' } },
    ],
    makeConnection: async () => ({ kind: 'done' }),
    changeConnection: async () => ({ kind: 'done' }),
    removeConnection: async () => ({ kind: 'done' }),
    tryConnection: async () => ({ kind: 'tried', report: { session: null, steps: [], says: 'SELECT 1', failure: null } }),
    policyCatalogs: async () => [],
    checkPolicies: async () => ({ kind: 'sound', version: '0123456789ab', policies: [] }),
    terminate: async () => ({ kind: 'not-open' }),
    policies: async () => ({
      version: 'v1',
      since: '2026-11-22T12:00:00.000Z',
      author: 'Ada <ada@example.com>, commit 0123abc',
      items: [{ id: 'engineering', effect: 'permit', reason: null, approval: null, breakGlass: null, file: 'a.cedar', line: 1 }],
      problems: [],
    }),
  };
}
