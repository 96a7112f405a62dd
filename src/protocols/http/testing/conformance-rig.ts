import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, ConformanceClient, ConformanceRig } from '../../../../test/conformance/rig.ts';
import { fixtures } from './fixtures.ts';
import { cutMessages } from '../../../../test/rig/wire-messages.ts';
import { keptMessages, spelled } from './wire-messages.ts';

const secret = 'only-the-gateway-knows';
const variable = 'CHAPERONE_CONFORMANCE_HTTP';

/** Node's own client on one connection that it keeps. */
class KeptClient implements ConformanceClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #path: string;
  readonly #token: string;
  readonly closed: Promise<string> = new Promise(() => {});

  constructor(port: number, connection: string, token: string) {
    this.#port = port;
    this.#path = `/${connection}`;
    this.#token = token;
  }
  notices(): readonly string[] {
    return [];
  }
  ask(mark: string): Promise<Answer> {
    return new Promise((resolve) => {
      const asked = request(
        {
          port: this.#port,
          host: '127.0.0.1',
          agent: this.#agent,
          method: 'POST',
          path: `${this.#path}/echo/${mark}`,
          headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'text/plain' },
        },
        (reply) => resolve(answerOf(reply)),
      );
      asked.on('error', (fault) => resolve({ kind: 'lost', text: fault.message }));
      asked.end(`the body of ${mark}`);
    });
  }
  async leave(): Promise<void> {
    this.#agent.destroy();
  }
  vanish(): void {
    this.#agent.destroy();
  }
}

async function answerOf(reply: IncomingMessage): Promise<Answer> {
  let text = '';
  try {
    for await (const piece of reply) text += String(piece);
  } catch (fault) {
    return { kind: 'lost', text: String(fault) };
  }
  if (reply.headers['content-type']?.startsWith('application/problem+json') !== true) return { kind: 'answered', text };
  const status = reply.statusCode ?? 0;
  const { code } = JSON.parse(text) as { readonly code: string };
  return code === 'SESSION_TERMINATED' || status === 502 ? { kind: 'lost', text } : { kind: 'refused', code: String(status), text };
}

async function startTarget() {
  const server = createServer((asked, reply) => {
    const path = asked.url ?? '';
    let body = '';
    asked.on('data', (piece: Buffer) => (body += piece.toString()));
    asked.on('end', () => {
      if (path.includes('held')) return;
      const text = `${asked.method} ${path} ${body} ${'x'.repeat(200)}`;
      reply.writeHead(200, { 'content-type': 'text/plain', ...(path.endsWith('1') ? { 'content-length': text.length } : {}) });
      reply.end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { port: (server.address() as AddressInfo).port, stop };
}

export const rig = {
  startTarget,
  settings: (port) => {
    process.env[variable] = secret;
    return {
      target: { url: `http://127.0.0.1:${port}` },
      credentials: { header: 'Authorization', value: { env: variable } },
    };
  },
  secret,
  connect: async (port, connection, token) => {
    const client = new KeptClient(port, connection, token);
    const { kind, text } = await client.ask('hello');
    if (kind !== 'answered') throw new Error(`it was ${kind}: ${text}`);
    return client;
  },
  pipelines: false,
  tellsUnasked: false,
  notices: false,
  codes: { ACCESS_REFUSED: '403', INTERNAL: '500' },
  recorded: (direction, bytes) => spelled(direction, cutMessages(bytes)),
  kept: (direction, bytes) => spelled(direction, keptMessages(bytes)),
  fixtures,
  opening: Buffer.alloc(0),
} as const satisfies ConformanceRig;
