import { Client } from 'pg';
import type { Answer, ConformanceClient, ConformanceRig } from '../../../../test/conformance/rig.ts';
import { startPostgres } from '../../../../test/rig/postgres.ts';
import { encodeMessage } from '../messages.ts';
import { encodeStartup } from '../startup.ts';
import { fixtures } from './fixtures.ts';
import { cutMessages } from './messages.ts';

const user = 'conformance_app';
const secret = 'only-the-gateway-knows';
const variable = 'CHAPERONE_CONFORMANCE_POSTGRES';

class PgClient implements ConformanceClient {
  readonly #client: Client;
  readonly #notices: string[] = [];
  readonly closed: Promise<string>;

  constructor(client: Client) {
    this.#client = client;
    let last = '';
    client.on('notice', (notice) => this.#notices.push(`${notice.message ?? ''} ${notice.hint ?? ''}`));
    client.on('error', (fault) => (last ||= wordsOf(fault)));
    this.closed = new Promise((resolve) => client.once('end', () => resolve(last)));
  }
  notices(): readonly string[] {
    return this.#notices;
  }
  async ask(mark: string): Promise<Answer> {
    try {
      const result = await this.#client.query<{ mark: string }>(`select '${mark}' as mark, repeat('x', 200)`);
      return { kind: 'answered', text: result.rows.map((row) => row.mark).join() };
    } catch (fault) {
      const code = fault instanceof Error && 'code' in fault ? String(fault.code) : '';
      const lost = !/^[0-9A-Z]{5}$/.test(code) || /^(57P|08)/.test(code);
      return lost ? { kind: 'lost', text: wordsOf(fault) } : { kind: 'refused', code, text: wordsOf(fault) };
    }
  }
  leave(): Promise<void> {
    return this.#client.end();
  }
  vanish(): void {
    (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
}

function wordsOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return [fault.message, ...['hint', 'detail'].map((key) => (key in fault ? String(fault[key as keyof Error]) : ''))].join(' ');
}

/** `pg` sends all that it is asked without waiting; the simple protocol carries the text to the target as it is. */
async function connect(port: number, connection: string, token: string): Promise<ConformanceClient> {
  const options = { host: '127.0.0.1', port, user: 'anybody', database: connection, password: token, pipeline: true };
  const client = new Client(options);
  const wrapped = new PgClient(client);
  await client.connect();
  return wrapped;
}

async function startTarget() {
  const server = await startPostgres();
  await server.run(`create role ${user} login password '${secret}'`);
  return { port: server.port, stop: () => server.stop() };
}

export const rig = {
  startTarget,
  settings: (port) => {
    process.env[variable] = secret;
    return { target: { host: '127.0.0.1', port, database: 'shop', tls: 'off' }, credentials: { user, password: { env: variable } } };
  },
  secret,
  connect,
  pipelines: true,
  tellsUnasked: true,
  notices: true,
  codes: { ACCESS_REFUSED: '42501', INTERNAL: 'XX000' },
  /** Without the request for a password, the answers to it, and the secret of the cancel key. */
  recorded: (direction, bytes) =>
    Buffer.concat(
      cutMessages(bytes, direction === 'request')
        .filter(({ type, body }) => type !== 'p' && !(type === 'R' && body.readUInt32BE(0) !== 0))
        .map(({ type, body, whole }) => (type === 'K' ? encodeMessage('K', body.subarray(0, 4), Buffer.alloc(body.length - 4)) : whole)),
    ),
  fixtures,
  opening: Buffer.concat([
    encodeStartup('anybody', 'orders', new Map([['application_name', 'conformance;run=r1']])),
    encodeMessage('p', Buffer.from('a-token\0')),
  ]),
} as const satisfies ConformanceRig;
