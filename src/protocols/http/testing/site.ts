import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../../../../test/rig/data-plane.ts';
import type { Entry } from '../../../core/entry.ts';
import { protocol } from '../index.ts';
import type { Settings } from '../settings.ts';

/** A real target, the data plane before it, and fetch through both. */
export interface Site extends AsyncDisposable {
  readonly plane: DataPlane;
  /** The target's own port. */
  readonly targetPort: number;
  readonly token: string;
  /** What the target was sent, in order. */
  readonly seen: readonly SeenRequest[];
  url(path: string): string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** What the record says, once nothing is running. */
  settled(): Promise<Entry[]>;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answerer = (seen: SeenRequest, response: ServerResponse) => void;

export interface SiteOptions extends Partial<Omit<DataPlaneOptions<Settings>, 'protocol' | 'settings'>> {
  /** Beside `url`. */
  readonly target?: object;
  /** Of the target's URL. */
  readonly path?: string;
  readonly credentials?: object;
  /** Sees the raw request before its body was read; then `answer` is not asked. */
  readonly listener?: RequestListener;
}

export async function openSite(
  answer: Answerer,
  { target = {}, path = '', credentials, listener, ...options }: SiteOptions = {},
): Promise<Site> {
  const seen: SeenRequest[] = [];
  const server = createServer(
    listener ??
      ((request, response) =>
        void collect(request).then(
          (whole) => (seen.push(whole), answer(whole, response)),
          ignore, // It was broken off: none that anybody answers.
        )),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const given = { target: { url: `http://127.0.0.1:${port}${path}`, ...target }, ...(credentials && { credentials }) };
  const plane = await startDataPlane({ protocol, settings: protocol.settings.parse(given), ...options });
  const token = await plane.token();
  const url = (asked: string) => `http://127.0.0.1:${plane.port}/${plane.connection}${asked}`;
  return {
    plane,
    targetPort: port,
    token,
    seen,
    url,
    ask: (asked, init = {}) =>
      fetch(url(asked), {
        redirect: 'manual',
        ...init,
        headers: [['authorization', `Bearer ${token}`], ...new Headers(init.headers).entries()],
      }),
    settled: () => plane.settled(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await plane.close();
    },
  };
}

async function collect(request: IncomingMessage): Promise<SeenRequest> {
  let body = '';
  for await (const piece of request) body += String(piece);
  return { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, value: unknown, headers: Record<string, string | string[]> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

function ignore(): void {}
