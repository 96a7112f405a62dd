// A program of Node's to compare with, named by its first argument; says which port it listens on.
//   proxy PORT SINK   hands requests on to PORT, those below /sink to SINK, and keeps nothing
//   answers           is the target and the server in between in one: answers each request at once
//   sink              takes bodies and throws them away
import { Agent, createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { page } from './web-page.ts';

const [what, ...ports] = process.argv.slice(2);
const server = what === 'proxy' ? proxy(ports.map(Number)) : what === 'answers' ? answers() : sink();
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));

function proxy([port = 0, sinkPort = 0]: readonly number[]): Server {
  const agent = new Agent({ keepAlive: true });
  return createHttpServer((asked: IncomingMessage, response: ServerResponse) => {
    const { method, url = '', headers } = asked;
    const target = { host: '127.0.0.1', port: url.startsWith('/sink') ? sinkPort : port, method, path: url, headers, agent };
    const call = request(target, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    call.on('error', () => response.destroy());
    asked.pipe(call);
  });
}

function answers(): Server {
  const headers = { 'content-type': 'application/json', 'content-length': page.length };
  return createHttpServer((_asked, response) => response.writeHead(200, headers).end(page));
}

/** By hand, so that it is no slower than what is measured with it: one body a connection, with its length. */
function sink(): Server {
  return createServer({ noDelay: true }, (socket: Socket) => {
    let head = '';
    let left = -1;
    const take = (bytes: Buffer) => {
      left -= bytes.length;
      if (left <= 0) socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    };
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      if (left >= 0) return take(bytes);
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      left = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
      take(Buffer.from(head.slice(end + 4), 'latin1'));
    });
  });
}
