import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { LfsStore } from './lfs-store.ts';

/** A web server whose repositories are served by `git http-backend`, and large files by a store of its own. */
export interface GitServer extends AsyncDisposable {
  readonly port: number;
  /** Where the bare repositories are. */
  readonly root: string;
  /** Every request line that passed the credential, in the order they came. */
  readonly requests: readonly string[];
  readonly lfs: LfsStore;
  /** Runs before a request is answered; true where it has answered. */
  before: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  createRepository(name: string, ...options: string[]): string;
  stop(): Promise<void>;
}

export const user = 'bot';

export async function startGitServer(password: string): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), 'chaperone-git-server-'));
  const requests: string[] = [];
  const running = new Set<ChildProcessWithoutNullStreams>();
  const sockets = new Set<Duplex>();
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const lfs = new LfsStore();
  const server = createServer((request, response) => {
    if (lfs.moves(request, response)) return;
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="target"' }).end('who are you?');
      return;
    }
    requests.push(`${request.method} ${request.url}`);
    if (made.before?.(request, response)) return;
    if (lfs.answer(request, response)) return;
    serve(root, request, response, running);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    for (const child of running) endGroup(child);
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
    rmSync(root, { recursive: true, force: true });
  };
  const made: GitServer = {
    port: (server.address() as AddressInfo).port,
    root,
    requests,
    lfs,
    before: null,
    createRepository: (name, ...options) => createRepository(join(root, name), options),
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return made;
}

function createRepository(path: string, options: readonly string[]): string {
  mkdirSync(path, { recursive: true });
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', ...options, path]);
  const settings = {
    'http.receivepack': 'true',
    'receive.advertisePushOptions': 'true',
    'uploadpack.allowFilter': 'true',
    'uploadpack.allowAnySHA1InWant': 'true',
  };
  for (const [key, value] of Object.entries(settings)) execFileSync('git', ['--git-dir', path, 'config', key, value]);
  return path;
}

/** CGI (RFC 3875) as `git http-backend` reads it. */
function serve(root: string, request: IncomingMessage, response: ServerResponse, running: Set<ChildProcessWithoutNullStreams>): void {
  const url = new URL(request.url ?? '/', 'http://target');
  // In a group of its own, so that a hook that hangs can be ended with it.
  const child = spawn('git', ['http-backend'], { env: { ...process.env, ...variables(root, request, url) }, detached: true });
  running.add(child);
  child.on('close', () => running.delete(child));
  child.stdin.on('error', () => {});
  child.stderr.resume();
  request.pipe(child.stdin);
  response.on('close', () => endGroup(child));
  let head: Buffer | null = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    if (head === null) {
      if (!response.write(chunk)) pauseUntilDrained(child, response);
      return;
    }
    head = begin(Buffer.concat([head, chunk]), response);
  });
  child.stdout.on('end', () => (head === null ? response.end() : response.writeHead(500).end()));
}

/** Begins the response once its head is whole; null then, and what there is of the head before. */
function begin(head: Buffer, response: ServerResponse): Buffer | null {
  const end = head.indexOf('\r\n\r\n');
  if (end === -1) return head;
  const lines = head.toString('latin1', 0, end).split('\r\n');
  const fields = lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const);
  const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200';
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(fields.filter(([name]) => name !== 'Status')));
  response.write(head.subarray(end + 4));
  return null;
}

function endGroup({ pid, exitCode }: ChildProcessWithoutNullStreams): void {
  if (pid === undefined || exitCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (fault) {
    // It has ended by itself meanwhile.
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault;
  }
}

function pauseUntilDrained(child: ChildProcessWithoutNullStreams, response: ServerResponse): void {
  child.stdout.pause();
  response.once('drain', () => child.stdout.resume());
}

function variables(root: string, request: IncomingMessage, url: URL): Record<string, string> {
  const { headers } = request;
  const given = {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REMOTE_USER: user,
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    HTTP_GIT_PROTOCOL: headers['git-protocol'] as string | undefined,
    GIT_PROTOCOL: headers['git-protocol'] as string | undefined,
  };
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
