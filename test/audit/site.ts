import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { AuditItem, ExchangeItem, Page, SessionItem } from '../../src/archive/items.ts';
import { freePorts, type GatewayProcess, startGateway } from '../rig/gateway.ts';
import { type Issuer, startIssuer } from '../rig/issuer.ts';
import { type PostgresServer, startPostgres } from '../rig/postgres.ts';

/** One connection of a site's configuration. */
export interface SiteConnection {
  readonly name: string;
  /** The port on loopback that the gateway dials; PostgreSQL's own where nothing is said. */
  readonly targetPort?: number;
  readonly password?: string;
  readonly durability?: 'write' | 'fsync';
  readonly onFailure?: 'stop' | 'gap';
}

/** Who is who: the subjects and groups of the tokens, by the name the tests use. */
const people = {
  dana: { sub: 'dana', groups: ['engineering'] },
  eve: { sub: 'eve', groups: ['engineering'] },
  mallory: { sub: 'mallory', groups: ['visitors'] },
  audrey: { sub: 'audrey', groups: ['audit'] },
  root: { sub: 'root', groups: ['platform'] },
} as const;
export type Person = keyof typeof people;

/** A gateway in a process of its own that is killed and started again on one state, with all that it needs around it. */
export class Site implements AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly issuer: Issuer;
  readonly folder: string;
  readonly state: string;
  readonly config: string;
  readonly consolePort: number;
  readonly postgresPort: number;
  /** Every gateway that was started here, the running one last. */
  readonly gateways: GatewayProcess[] = [];
  readonly #stack: AsyncDisposableStack;

  constructor(base: SiteBase, stack: AsyncDisposableStack) {
    const { postgres, issuer, folder, state, ports } = base;
    [this.consolePort = 0, this.postgresPort = 0] = ports;
    this.postgres = postgres;
    this.issuer = issuer;
    this.folder = folder;
    this.state = state;
    this.config = join(folder, 'chaperone.yaml');
    this.#stack = stack;
  }

  get gateway(): GatewayProcess {
    const last = this.gateways.at(-1);
    if (last === undefined) throw new Error('no gateway was started');
    return last;
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const gateway = await startGateway({ config: this.config, consolePort: this.consolePort, env });
    this.gateways.push(gateway);
    return gateway;
  }

  token(person: Person, claims: object = {}): Promise<string> {
    return this.issuer.token({ ...people[person], ...claims });
  }

  /** A client of the gateway, connected. */
  async connect(token: string, options: ClientConfig = {}): Promise<Client> {
    const client = this.client(token, options);
    await client.connect();
    return client;
  }

  client(token: string, options: ClientConfig = {}): Client {
    const client = new Client({
      host: '127.0.0.1',
      port: this.postgresPort,
      user: 'anybody',
      database: 'orders',
      password: token,
      ...options,
    });
    client.on('error', () => {});
    return client;
  }

  /** Lets a gateway ask its targets now for what it must know of them, so that it stands in no session that is compared. */
  async acquaint(databases: readonly string[]): Promise<void> {
    for (const database of databases) {
      const client = await this.connect(await this.token('dana'), { database, application_name: 'first' });
      await client.query('select 1');
      await client.end();
    }
  }

  fetch(path: string, token: string | null, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    return fetch(`http://127.0.0.1:${this.consolePort}${path}`, { headers: { ...authorization, ...headers } });
  }

  /** Every item of a list, over all its pages. */
  async all(path: '/api/v1/sessions', token: string, query?: string): Promise<SessionItem[]>;
  async all(path: '/api/v1/audit', token: string, query?: string): Promise<AuditItem[]>;
  async all(path: string, token: string, query?: string): Promise<ExchangeItem[]>;
  async all(path: string, token: string, query = ''): Promise<unknown[]> {
    const items: unknown[] = [];
    for (let cursor = ''; ; ) {
      const response = await this.fetch(`${path}?limit=200${query}${cursor}`, token);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      const page = (await response.json()) as Page<unknown>;
      items.push(...page.items);
      if (page.next === null) return items;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }

  /** The sessions once the archive has those that are asked for; throws with what there is when it does not get them. */
  async sessionsOnce(holds: (sessions: readonly SessionItem[]) => boolean, query = '', patienceMs = 20_000): Promise<SessionItem[]> {
    const token = await this.token('audrey');
    // Looked at less often the longer it may take: the looking is work for the same processors.
    for (const deadline = Date.now() + patienceMs; ; await pause(patienceMs / 400)) {
      const sessions = await this.all('/api/v1/sessions', token, query);
      if (holds(sessions)) return sessions;
      if (Date.now() > deadline) throw new Error(`the catalog does not come to hold what it should: ${JSON.stringify(sessions, null, 1)}`);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

interface SiteBase {
  readonly postgres: PostgresServer;
  readonly issuer: Issuer;
  readonly folder: string;
  readonly state: string;
  readonly ports: readonly number[];
}

export interface SiteOptions {
  /** Called with PostgreSQL's port before the configuration is written. */
  readonly connections?: (postgres: PostgresServer) => Promise<readonly SiteConnection[]> | readonly SiteConnection[];
  /** Where the state stands; a folder of its own where nothing is said. */
  readonly state?: string;
}

/** Sets everything up; the gateway itself is started by `start`. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-site-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [postgres, issuer] = await Promise.all([startPostgres(), startIssuer()]);
  stack.use(postgres);
  stack.use(issuer);
  const state = options.state ?? join(folder, 'state');
  const ports = await freePorts(2);
  const kept = stack.move();
  const site = new Site({ postgres, issuer, folder, state, ports }, kept);
  kept.defer(async () => {
    for (const gateway of site.gateways) await gateway.kill();
  });
  await writeConfiguration(site, (await options.connections?.(postgres)) ?? [{ name: 'orders' }]);
  return site;
}

async function writeConfiguration(site: Site, connections: readonly SiteConnection[]): Promise<void> {
  const { folder, postgres } = site;
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies', 'site.cedar'), connections.map(policyOf).join('\n'));
  for (const { name, password } of connections)
    await writeFile(join(folder, `${name}.password`), password ?? postgres.password, { mode: 0o600 });
  await writeFile(site.config, configurationOf(site, connections));
}

function policyOf({ name }: SiteConnection): string {
  return `@id("${name}") permit (principal in Group::"engineering", action, resource in Connection::"${name}");`;
}

function configurationOf(site: Site, connections: readonly SiteConnection[]): string {
  const { postgres, issuer, consolePort, postgresPort } = site;
  const entry = ({ name, targetPort = postgres.port, durability = 'write', onFailure = 'stop' }: SiteConnection) => `
  - name: ${name}
    protocol: postgres
    target: { host: 127.0.0.1, port: ${targetPort}, database: ${postgres.database}, tls: off }
    credentials: { user: ${postgres.user}, password: { file: ${name}.password } }
    recording: { durability: ${durability}, onFailure: ${onFailure} }
    retention: 30d`;
  return `state: ${site.state}
listen:
  console: { address: 127.0.0.1:${consolePort} }
  postgres: { address: 127.0.0.1:${postgresPort} }
  tls: { insecureLoopback: true }
identity:
  issuers:
    - issuer: ${issuer.url}
      audience: ${issuer.audience}
roles: { admin: [platform], auditor: [audit], reviewer: [] }
connections:${connections.map(entry).join('')}
policies: ./policies
`;
}
