import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { ExchangeItem, Page, SessionItem } from '../../src/archive/items.ts';
import { freePorts, type GatewayProcess, runChaperone, startGateway } from '../rig/gateway.ts';
import { type Issuer, startIssuer } from '../rig/issuer.ts';
import { eventually } from './demonstration.ts';

const execute = promisify(execFile);

/** A target on loopback that counts what it was sent. */
export interface WebTarget extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[];
}

export async function startWebTarget(listener: RequestListener): Promise<WebTarget> {
  const requests: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${port}`, port, requests, [Symbol.asyncDispose]: stop };
}

const people = {
  agent: { sub: 'dana', groups: ['engineering'], azp: undefined, act: { sub: 'cursor' } },
  lead: { sub: 'ines', groups: ['leads'], azp: undefined, email: 'ines@example.com' },
  admin: { sub: 'amy', groups: ['platform'], azp: undefined },
  auditor: { sub: 'olga', groups: ['audit'], azp: undefined },
} as const;
export type WebPerson = keyof typeof people;

export interface WebHouseOptions {
  readonly connections: readonly object[];
  readonly policies: string;
  readonly approvals?: object;
  readonly tls?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** The gateway in a process of its own, with web connections alone. */
export interface WebHouse extends AsyncDisposable {
  readonly folder: string;
  readonly state: string;
  readonly issuer: Issuer;
  readonly webPort: number;
  readonly tokens: Readonly<Record<WebPerson, string>>;
  readonly gateway: GatewayProcess;
  url(path: string): string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  read<Item>(route: string): Promise<Item>;
  exchanges(query: string, isEnough: (items: readonly ExchangeItem[]) => boolean): Promise<readonly ExchangeItem[]>;
  sessions(): Promise<readonly SessionItem[]>;
  decide(id: string, decision: 'approve' | 'deny'): Promise<number>;
  restart(): Promise<void>;
  cli(...args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

export async function openWebHouse({ connections, policies, approvals, tls, env = {} }: WebHouseOptions): Promise<WebHouse> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-web-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const issuer = stack.use(await startIssuer());
  const [consolePort = 0, webPort = 0] = await freePorts(2);
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies', 'web.cedar'), policies);
  const config = join(folder, 'chaperone.yaml');
  const configuration = {
    state: './state',
    listen: {
      console: { address: `127.0.0.1:${consolePort}` },
      web: { address: `127.0.0.1:${webPort}` },
      tls: { insecureLoopback: true, ...tls },
    },
    identity: { issuers: [{ issuer: issuer.url, audience: issuer.audience }] },
    roles: { admin: ['platform'], auditor: ['audit'] },
    connections,
    ...(approvals && { approvals }),
  };
  await writeFile(config, JSON.stringify(configuration));
  const start = () => startGateway({ config, consolePort, env });
  let gateway = await start();
  stack.defer(() => gateway[Symbol.asyncDispose]());
  const tokens = Object.fromEntries(
    await Promise.all(Object.entries(people).map(async ([name, claims]) => [name, await issuer.token(claims)] as const)),
  ) as Record<WebPerson, string>;
  const kept = stack.move();
  const url = (path: string) => `http://127.0.0.1:${webPort}${path}`;
  const read = async <Item>(route: string): Promise<Item> => {
    const response = await fetch(`${gateway.console}${route}`, { headers: { authorization: `Bearer ${tokens.auditor}` } });
    if (response.status !== 200) throw new Error(`${route} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Item;
  };
  return {
    folder,
    state: join(folder, 'state'),
    issuer,
    webPort,
    tokens,
    get gateway() {
      return gateway;
    },
    url,
    ask: (path, init = {}) =>
      fetch(url(path), {
        redirect: 'manual',
        ...init,
        headers: [['authorization', `Bearer ${tokens.agent}`], ...new Headers(init.headers).entries()],
      }),
    read,
    exchanges: async (query, isEnough) => {
      let items: readonly ExchangeItem[] = [];
      const found = await eventually(async () => {
        ({ items } = await read<Page<ExchangeItem>>(`/api/v1/exchanges?${query}`));
        return isEnough(items);
      });
      if (!found) throw new Error(`there are only ${items.length} exchanges of ${query}`);
      return items;
    },
    sessions: async () => {
      const items: SessionItem[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const page: Page<SessionItem> = await read(`/api/v1/sessions?limit=1000${next === '' ? '' : `&cursor=${next}`}`);
        items.push(...page.items);
        next = page.next;
      }
      return items;
    },
    decide: async (id, decision) => {
      const response = await fetch(`${gateway.console}/api/v1/approvals/${id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.lead}`, 'content-type': 'application/json' },
        body: JSON.stringify({ decision, reason: 'Because.' }),
      });
      await response.body?.cancel();
      return response.status;
    },
    restart: async () => {
      gateway = await start();
    },
    cli: async (...args) => runChaperone(args, { CHAPERONE_TOKEN: tokens.auditor, CHAPERONE_SERVER: gateway.console }).finished,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Where a program is, or null. */
export function programPath(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((each) => join(each, name)).find((file) => existsSync(file)) ?? null;
}

export async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await execute(program, args, { env: { ...process.env, ...env }, timeout: 30_000, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
