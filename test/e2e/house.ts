import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import type { RecordingLine } from '../../src/archive/decoded.ts';
import type { ExchangeItem, Page, SessionItem } from '../../src/archive/items.ts';
import { freePorts, type GatewayProcess, startGateway } from '../rig/gateway.ts';
import { type Issuer, startIssuer } from '../rig/issuer.ts';
import { type PostgresServer, startPostgres } from '../rig/postgres.ts';
import { eventually } from './demonstration.ts';

const checkout = resolve(import.meta.dirname, '../..');

/** Who acts in the tests, each with a token of the house's issuer. */
const people = {
  engineer: { sub: 'dana', groups: ['engineering'], azp: undefined, email: 'dana@example.com' },
  /** Cursor, acting for the engineer (RFC 8693). */
  agent: { sub: 'dana', groups: ['engineering'], azp: undefined, email: 'dana@example.com', act: { sub: 'cursor' } },
  /** Works beside the engineer. */
  colleague: { sub: 'rita', groups: ['engineering'], azp: undefined, email: 'rita@example.com' },
  /** The engineer's other agent. */
  otherAgent: { sub: 'dana', groups: ['engineering'], azp: undefined, email: 'dana@example.com', act: { sub: 'claude' } },
  /** An engineer who stands by for emergencies. */
  oncall: { sub: 'otto', groups: ['engineering', 'oncall'], azp: undefined, email: 'otto@example.com' },
  dba: { sub: 'ines', groups: ['dba'], azp: undefined, email: 'ines@example.com' },
  otherDba: { sub: 'omar', groups: ['dba'], azp: undefined, email: 'omar@example.com' },
  dbaAgent: { sub: 'ines', groups: ['dba'], azp: undefined, email: 'ines@example.com', act: { sub: 'cursor' } },
  /** The engineer, as a member of the group that is asked. */
  engineerAsDba: { sub: 'dana', groups: ['engineering', 'dba'], azp: undefined, email: 'dana@example.com' },
  /** The same person by another account. */
  engineersOtherAccount: { sub: 'd.2', groups: ['dba'], azp: undefined, email: 'Dana@Example.com' },
  security: { sub: 'sven', groups: ['security'], azp: undefined, email: 'sven@example.com' },
  /** One person in both groups. */
  dbaAndSecurity: { sub: 'bea', groups: ['dba', 'security'], azp: undefined, email: 'bea@example.com' },
  /** Runs the gateway. */
  admin: { sub: 'amy', groups: ['platform', 'dba'], azp: undefined, email: 'amy@example.com' },
  /** The same person's agent. */
  adminAgent: { sub: 'amy', groups: ['platform', 'dba'], azp: undefined, email: 'amy@example.com', act: { sub: 'cursor' } },
  auditor: { sub: 'olga', groups: ['audit'], azp: undefined },
  stranger: { sub: 'mallory', groups: ['visitors'], azp: undefined },
} as const;
export type Person = keyof typeof people;

/** The policies: engineers and DBAs work on every connection but `vault`. */
const usualPolicies = `
@id("workers")
permit (principal, action, resource)
when { principal in Group::"engineering" || principal in Group::"dba" }
unless { resource in Connection::"vault" };
`;

/** A connection of the configuration: where it leads, and what else is said of it. */
export interface Plan {
  readonly name: string;
  readonly target?: { readonly port?: number; readonly database?: string };
  /** Ports on loopback that are tried before the database's. */
  readonly triedBefore?: readonly number[];
  readonly credentials?: { readonly user?: string; readonly password?: { readonly env: string } };
  readonly recording?: { readonly contentLimit?: string };
}

export interface HouseOptions {
  /** Beside `orders`, which leads to the house's database, and `vault`, on which nobody is permitted. */
  readonly connections?: readonly Plan[];
  /** Issuers beside the house's own, of the same audience. */
  readonly issuers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In place of those by which engineers and DBAs do what they like. */
  readonly policies?: string;
  /** The section `approvals`. */
  readonly approvals?: object;
  /** The section `masking`. */
  readonly masking?: object;
  /** The section `keys`. */
  readonly keys?: object;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What is on record of one session. */
export interface Story {
  readonly session: SessionItem;
  readonly exchanges: readonly ExchangeItem[];
  readonly lines: readonly RecordingLine[];
}

/** A real database, a real issuer, and the gateway in a process of its own between them and the clients. */
export interface House extends AsyncDisposable {
  readonly folder: string;
  readonly state: string;
  /** The listener for PostgreSQL clients, on 127.0.0.1. */
  readonly port: number;
  readonly database: PostgresServer;
  readonly issuer: Issuer;
  /** The one that runs now. */
  readonly gateway: GatewayProcess;
  readonly tokens: Readonly<Record<Person, string>>;
  /** A client through the gateway that has connected; the agent on `orders` where nothing else is said. */
  connect(run: string, options?: ClientConfig, onError?: (fault: Error) => void): Promise<Client>;
  /** What psql and its like read to get in through the gateway. */
  environment(run: string, more?: Readonly<Record<string, string>>): Record<string, string>;
  /** The answer of an API route, which must be 200. */
  read(person: Person, route: string): Promise<string>;
  sessions(person: Person, query: string): Promise<readonly SessionItem[]>;
  exchanges(person: Person, query: string): Promise<readonly ExchangeItem[]>;
  /** What the auditor is shown of the only session of this run, once it is over. */
  story(run: string): Promise<Story>;
  /** Waits until there are so many sessions of the run and all are over. */
  over(run: string, count?: number): Promise<readonly SessionItem[]>;
  /** Writes other policies, which the running gateway takes up by itself. */
  write(policies: string): Promise<void>;
  /** Ends the gateway by the signal and starts another on the same state; with other settings where some are given. */
  restart(signal: NodeJS.Signals, change?: Pick<HouseOptions, 'policies' | 'approvals'>): Promise<void>;
  /** Runs `chaperone` for somebody, against this gateway. */
  cli(person: Person, ...args: readonly string[]): Promise<Ran>;
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'chaperone-house-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const [database, issuer] = await Promise.all([startPostgres(), startIssuer()]);
    stack.use(database);
    stack.use(issuer);
    // Once the others have theirs: a port that is free while they start may be one of theirs.
    const [consolePort = 0, port = 0] = await freePorts(2);
    const config = join(folder, 'chaperone.yaml');
    await mkdir(join(folder, 'policies'));
    let settings = options;
    const writePolicies = (text: string) => writeFile(join(folder, 'policies', 'workers.cedar'), text);
    const write = async () => {
      await writePolicies(settings.policies ?? usualPolicies);
      await writeFile(config, JSON.stringify(configurationOf(settings, { database, issuer, consolePort, port }), null, 2));
    };
    await write();
    const env = { ORDERS_PASSWORD: database.password, ...options.env };
    let gateway = await startGateway({ config, consolePort, env });
    stack.defer(() => gateway[Symbol.asyncDispose]());
    const tokens = await tokensOf(issuer);
    const release = stack.move();
    const parts = { folder, port, database, issuer, tokens };
    return {
      ...parts,
      ...clientsOf({ folder, port, tokens, console: gateway.console, stderr: () => gateway.stderr() }),
      get gateway() {
        return gateway;
      },
      write: writePolicies,
      restart: async (signal, change = {}) => {
        const stopped = gateway.stop(signal);
        // A second one does not wait for open sessions, where it is no echo of the first.
        const again = setTimeout(() => gateway.process.kill(signal), 700);
        await stopped;
        clearTimeout(again);
        settings = { ...settings, ...change };
        await write();
        gateway = await startGateway({ config, consolePort, env });
      },
      state: join(folder, 'state'),
      [Symbol.asyncDispose]: () => release.disposeAsync(),
    };
  } catch (fault) {
    await stack.disposeAsync();
    throw fault;
  }
}

interface Places {
  readonly database: PostgresServer;
  readonly issuer: Issuer;
  readonly consolePort: number;
  readonly port: number;
}

function configurationOf(
  { connections = [], issuers = [], approvals, masking, keys }: HouseOptions,
  { database, issuer, consolePort, port }: Places,
): object {
  const at = (listener: number) => ({ address: `127.0.0.1:${listener}` });
  const plans: readonly Plan[] = [{ name: 'orders' }, { name: 'vault' }, ...connections];
  return {
    state: './state',
    listen: { console: at(consolePort), postgres: at(port), tls: { insecureLoopback: true } },
    identity: { issuers: [issuer.url, ...issuers].map((url) => ({ issuer: url, audience: issuer.audience })) },
    roles: { admin: ['platform'], auditor: ['audit'] },
    ...(keys && { keys }),
    ...(approvals && { approvals }),
    ...(masking && { masking }),
    connections: plans.map(({ name, target, triedBefore, credentials, recording }) => ({
      name,
      protocol: 'postgres',
      target: {
        ...(triedBefore
          ? {
              hosts: [...triedBefore, database.port].map((each) => ({ host: database.host, port: each })),
              targetSessionAttrs: 'read-write',
            }
          : { host: database.host, port: database.port }),
        database: database.database,
        tls: 'off',
        ...target,
      },
      credentials: { user: database.user, password: { env: 'ORDERS_PASSWORD' }, ...credentials },
      ...(recording && { recording }),
    })),
  };
}

async function tokensOf(issuer: Issuer): Promise<Readonly<Record<Person, string>>> {
  const names = Object.keys(people) as Person[];
  const entries = await Promise.all(names.map(async (name) => [name, await issuer.token(people[name])] as const));
  // One entry for each person.
  return Object.fromEntries(entries) as Record<Person, string>;
}

interface Parts extends Pick<House, 'folder' | 'port' | 'tokens'> {
  readonly console: string;
  readonly stderr: () => string;
}
type Clients = Pick<House, 'connect' | 'environment' | 'read' | 'sessions' | 'exchanges' | 'story' | 'over' | 'cli'>;

function clientsOf({ folder, port, tokens, console, stderr }: Parts): Clients {
  const read = async (person: Person, route: string) => {
    const response = await fetch(`${console}${route}`, { headers: { authorization: `Bearer ${tokens[person]}` } });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${route} answered ${response.status}: ${text}`);
    return text;
  };
  const items = async <Item>(person: Person, route: string): Promise<readonly Item[]> =>
    // The API's own tests hold its answers to these types.
    (JSON.parse(await read(person, route)) as Page<Item>).items;
  const sessions = (person: Person, query: string) => items<SessionItem>(person, `/api/v1/sessions?limit=1000&${query}`);
  const over = async (run: string, count = 1) => {
    let found: readonly SessionItem[] = [];
    await eventually(async () => {
      found = await sessions('auditor', `run=${encodeURIComponent(run)}`);
      return found.length === count && found.every(({ status }) => status !== 'active');
    });
    return found;
  };
  return {
    read,
    sessions,
    over,
    exchanges: (person, query) => items<ExchangeItem>(person, `/api/v1/exchanges?limit=1000&${query}`),
    story: async (run) => {
      const [session, ...others] = await over(run);
      if (session === undefined || others.length > 0 || session.status === 'active')
        throw new Error(`run ${run} has not one session that is over:\n${JSON.stringify([session, ...others])}\n${stderr()}`);
      const exchanges = await items<ExchangeItem>('auditor', `/api/v1/sessions/${session.id}/exchanges?limit=1000`);
      const text = await read('auditor', `/api/v1/sessions/${session.id}/recording`);
      return { session, exchanges, lines: linesOf(text) };
    },
    connect: async (run, options = {}, onError = () => {}) => {
      const way = { host: '127.0.0.1', port, database: 'orders', user: 'agent', password: tokens.agent };
      const client = new Client({ ...way, application_name: `e2e;run=${run}`, ...options });
      client.on('error', onError);
      await client.connect();
      return client;
    },
    environment: (run, more = {}) => ({
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGDATABASE: 'orders',
      PGUSER: 'agent',
      PGPASSWORD: tokens.agent,
      PGAPPNAME: `e2e;run=${run}`,
      PGCONNECT_TIMEOUT: '10',
      ...more,
    }),
    cli: (person, ...args) =>
      run(process.execPath, [join(checkout, 'bin', 'chaperone.js'), ...args], {
        env: { CHAPERONE_SERVER: console, CHAPERONE_TOKEN: tokens[person] },
        cwd: folder,
      }),
  };
}

/** The lines of a recording or an export. */
export function linesOf(ndjson: string): readonly RecordingLine[] {
  // What the archive's own tests hold to this type.
  return ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordingLine);
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  { env = {}, input = '', cwd = checkout }: { env?: Readonly<Record<string, string>>; input?: string; cwd?: string } = {},
): Promise<Ran> {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A program that does not read its input closes it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}
