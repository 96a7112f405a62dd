import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { timingSafeEqual } from 'node:crypto';

/** Something the sample API answers with. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Invoice {
  readonly id: number;
  readonly customer: number;
  readonly cents: number;
  status: 'open' | 'paid' | 'refunded';
}

const customers = [
  { id: 1, name: 'Mara Lindqvist', email: 'mara.lindqvist@example.com', iban: 'DE89370400440532013000', plan: 'team' },
  { id: 2, name: 'Idris Okafor', email: 'idris@example.org', iban: 'GB82WEST12345698765432', plan: 'free' },
  { id: 3, name: 'Chiara Fontana', email: 'c.fontana@example.net', iban: 'FR1420041010050500013M02606', plan: 'team' },
];

/** The most that a request to the sample API may bring. */
const mostBytes = 64 * 1024;

/** The company's invented billing API: a target that knows one key, which only the gateway holds. It forgets all when it stops. */
export function createBillingApi(key: string): Server {
  const invoices: Invoice[] = Array.from({ length: 12 }, (_, index) => ({
    id: 1000 + index,
    customer: (index % customers.length) + 1,
    cents: 1900 + index * 350,
    status: index % 4 === 0 ? 'open' : 'paid',
  }));
  return createServer((request, response) => {
    void serve(request, response, key, invoices).catch(() => response.destroy());
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, key: string, invoices: Invoice[]): Promise<void> {
  const body = await bodyOf(request);
  const { status, body: answer } = isKey(request.headers.authorization, key)
    ? answerTo(request.method ?? '', new URL(request.url ?? '/', 'http://billing').pathname, body, invoices)
    : { status: 401, body: { error: 'the key is missing or wrong' } };
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(answer)}\n`);
}

function answerTo(method: string, path: string, body: string, invoices: Invoice[]): Answer {
  const [, collection = '', id] = path.replace(/^\/v1/, '').split('/');
  const found = { customers, invoices }[collection];
  if (method === 'GET' && found !== undefined) {
    if (id === undefined) return { status: 200, body: { items: found } };
    const one = found.find((each) => each.id === Number(id));
    return one === undefined ? { status: 404, body: { error: 'not found' } } : { status: 200, body: one };
  }
  if (method === 'POST' && collection === 'refunds') return refund(body, invoices);
  return { status: 404, body: { error: 'not found' } };
}

function refund(body: string, invoices: Invoice[]): Answer {
  const asked: unknown = JSON.parse(body);
  const id = typeof asked === 'object' && asked !== null && 'invoice' in asked ? asked.invoice : null;
  const invoice = invoices.find((each) => each.id === id);
  if (invoice === undefined) return { status: 422, body: { error: 'invoice: a known number is expected' } };
  invoice.status = 'refunded';
  return { status: 201, body: { refunded: invoice.id, cents: invoice.cents } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isKey(offered: string | undefined, key: string): boolean {
  const [given, wanted] = [Buffer.from(offered ?? ''), Buffer.from(`Bearer ${key}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
