import { createServer, type IncomingMessage, type Server as HttpServer, ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Certificate } from './certificate.ts';

/** A request whose head has been read by one of Node's parsers. */
export interface ArrivedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | null;
  /** Whether the client waits for a 100 before it sends its body. */
  readonly waits: boolean;
}

export interface WebServers {
  /** What is to listen. */
  readonly front: Server;
  /** Takes no new clients, closes those that are idle, and lets the others go once they are answered. */
  close(): void;
}

const headerLimit = 64 * 1024;
const mostFields = 500;
/** How long a client may take for a request's head, and for the first bytes that say which version it speaks. */
const headMs = 30_000;
/** How often slow heads are looked for. */
const checkMs = 5_000;
/** How long a client may keep a connection on which it asks nothing. Longer than clients and balancers keep theirs, so that they close. */
const keepAliveMs = 75_000;
/** More clients than this at once are not accepted; each costs memory before it has shown a token. */
const mostClients = 10_000;
const mostStreams = 128;
/** The client's connection preface of HTTP/2 (RFC 9113 section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** HTTP/1.1 and HTTP/2 on one port: told apart by ALPN, and without TLS by the first bytes, for clients that know before (RFC 9113 section 3.3). */
export function openWebServers(certificate: Certificate | null, take: (arrived: ArrivedRequest) => void): WebServers {
  const http1 = openHttp1(take);
  const http2 = openHttp2(take);
  const front =
    certificate === null
      ? createNetServer({ noDelay: true }, (socket) => tellApart(socket, http1, http2.server))
      : createTlsServer(
          {
            cert: certificate.certPem,
            key: certificate.keyPem,
            minVersion: 'TLSv1.2',
            ALPNProtocols: ['h2', 'http/1.1'],
            handshakeTimeout: headMs,
            noDelay: true,
          },
          (socket: TLSSocket) => void (socket.alpnProtocol === 'h2' ? http2.server : http1).emit('connection', socket),
        );
  front.maxConnections = mostClients;
  const close = () => {
    front.close();
    http1.close(() => {});
    http1.closeIdleConnections();
    for (const session of http2.sessions) session.close();
  };
  return { front, close };
}

function openHttp1(take: (arrived: ArrivedRequest) => void): HttpServer {
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: headerLimit,
    headersTimeout: headMs,
    connectionsCheckingInterval: checkMs,
    // A body may take as long as it takes; its socket's silence is the protocol's affair.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    optimizeEmptyRequests: true,
    shouldUpgradeCallback: asksForWebSocket,
  });
  server.maxHeadersCount = mostFields;
  server.on('request', (request, response) => take({ request, response, upgrade: null, waits: false }));
  server.on('checkContinue', (request, response) => take({ request, response, upgrade: null, waits: true }));
  server.on('upgrade', (request, socket, head) => {
    // Node gives an upgraded socket no response; this one is there to say no with.
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    take({ request, response, upgrade: { socket, head }, waits: false });
  });
  server.on('connect', (_request, socket) =>
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
  );
  // It never listens itself, and only when it does would Node look after slow heads.
  server.emit('listening');
  return server;
}

function openHttp2(take: (arrived: ArrivedRequest) => void): {
  readonly server: Http2Server;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
} {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server({
    settings: { maxHeaderListSize: headerLimit, maxConcurrentStreams: mostStreams, initialWindowSize: 1024 * 1024, enablePush: false },
    maxHeaderListPairs: mostFields,
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => {});
    session.setTimeout(keepAliveMs, () => session.close());
  });
  // Node's compatibility API (http2.html#compatibility-api) is made for listeners of HTTP/1, and has all that is used of it.
  const taken = (waits: boolean) => (request: unknown, response: unknown) =>
    take({ request: request as IncomingMessage, response: response as ServerResponse, upgrade: null, waits });
  server.on('request', taken(false));
  server.on('checkContinue', taken(true));
  return { server, sessions };
}

function asksForWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** Waits for as many bytes as the two versions have in common, and gives them back. */
function tellApart(socket: Socket, http1: HttpServer, http2: Http2Server): void {
  socket.on('error', () => {});
  socket.setTimeout(headMs, () => socket.destroy());
  let held: Buffer = Buffer.alloc(0);
  const read = () => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const compared = Math.min(held.length, preface.length);
    const alike = held.subarray(0, compared).equals(preface.subarray(0, compared));
    if (alike && compared < preface.length) return;
    socket.off('readable', read);
    // Only now: what is given back while somebody listens is readable again at once, without end.
    socket.unshift(held);
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    (alike ? http2 : http1).emit('connection', socket);
  };
  socket.on('readable', read);
}
