import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** What a pod's streams are called on the wire. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** Where a terminal is made of this machine's own: util-linux's, which takes a command in quotes. */
export const scriptPath = '/usr/bin/script';

/** A server that runs commands as a Kubernetes API server does, in a real terminal where one is asked for. */
export interface Pod extends AsyncDisposable {
  readonly port: number;
}

export async function startPod(): Promise<Pod> {
  const children = new Set<ChildProcess>();
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (peer) => run(peer, new URL(request.url ?? '/', 'http://pod'), children)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL');
      for (const peer of sockets.clients) peer.terminate();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function run(peer: WebSocket, { searchParams }: URL, children: Set<ChildProcess>): void {
  const [program = 'true', ...args] = searchParams.getAll('command');
  const words = [program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const env = { PATH: process.env['PATH'], TERM: 'xterm', PS1: '$ ', LANG: 'C.UTF-8' };
  const child =
    searchParams.get('tty') === 'true' ? spawn(scriptPath, ['-qefc', words, '/dev/null'], { env }) : spawn(program, args, { env });
  children.add(child);
  const say = (number: number, content: Buffer) => peer.send(Buffer.concat([Buffer.from([number]), content]));
  child.stdout.on('data', (bytes: Buffer) => say(channel.stdout, bytes));
  child.stderr.on('data', (bytes: Buffer) => say(channel.stderr, bytes));
  // What is typed once it has ended reaches nobody.
  child.stdin.on('error', () => {});
  child.once('close', (code) => {
    children.delete(child);
    say(channel.status, Buffer.from(JSON.stringify(code === 0 ? { status: 'Success' } : { status: 'Failure', code })));
    peer.close(1000);
  });
  peer.on('message', (data: Buffer) => {
    if (data[0] === channel.stdin) child.stdin.write(data.subarray(1));
    else if (data[0] === channel.close) child.stdin.end();
  });
  peer.once('close', () => child.kill('SIGHUP'));
}

/** A client of such a server, as `kubectl exec -it` is one. */
export class Exec {
  readonly #socket: WebSocket;
  #read = '';
  #heard: (() => void) | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      if (data[0] === channel.stdout || data[0] === channel.stderr || data[0] === channel.status) this.#read += data.toString('utf8', 1);
      this.#heard?.();
    });
    socket.on('close', () => this.#heard?.());
  }

  static async open(url: string, token: string, command: readonly string[], tty = true): Promise<Exec> {
    const query = new URLSearchParams([
      ...command.map((word) => ['command', word]),
      ['stdin', 'true'],
      ['stdout', 'true'],
      ['tty', String(tty)],
    ]);
    const socket = new WebSocket(`${url}/api/v1/namespaces/shop/pods/web-1/exec?${query.toString()}`, protocols, {
      headers: { authorization: `Bearer ${token}` },
    });
    const exec = new Exec(socket);
    await once(socket, 'open');
    return exec;
  }

  type(text: string): void {
    this.#say(channel.stdin, text);
  }
  resize(columns: number, rows: number): void {
    this.#say(channel.resize, JSON.stringify({ Width: columns, Height: rows }));
  }

  /** Nothing more is typed. */
  end(): void {
    this.#socket.send(Buffer.from([channel.close, channel.stdin]));
  }

  /** Waits until the terminal has shown this. */
  async shows(text: string): Promise<void> {
    while (!this.#read.includes(text)) {
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error(`it ended without ${text}: ${this.#read}`);
      await new Promise<void>((heard) => (this.#heard = heard));
    }
  }

  /** Waits until the other side has closed. */
  async over(): Promise<void> {
    while (this.#socket.readyState !== WebSocket.CLOSED) await new Promise<void>((heard) => (this.#heard = heard));
  }

  #say(number: number, text: string): void {
    this.#socket.send(Buffer.concat([Buffer.from([number]), Buffer.from(text)]));
  }
}
