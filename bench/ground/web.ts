import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts, startGateway } from '../../test/rig/gateway.ts';
import type { Issuer } from '../../test/rig/issuer.ts';
import type { HttpRun } from '../results.ts';
import { startListening } from './program.ts';
import { page } from './web-page.ts';

/** A way to the web target. */
export interface WebVariant {
  readonly name: HttpRun['variant'];
  /** Without a slash at its end. */
  readonly url: string;
  /** Where a body is thrown away; null where there is a page alone. */
  readonly sink: string | null;
  /** The process between client and target; null for the direct way. */
  readonly pid: number | null;
}

/** nginx as the target, and before it: nginx as reverse proxy, the barest of Node's, and Chaperone. */
export interface WebGround extends AsyncDisposable {
  readonly variants: readonly WebVariant[];
  readonly token: string;
  /** A gigabyte of zeros. */
  readonly big: string;
}

const bigMegabytes = 1_000;

/** Where a program is; Debian puts nginx where only root looks. */
export function webProgram(name: 'nginx' | 'wrk' | 'curl'): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

export async function layWebGround(nginx: string, issuer: Issuer, token: string): Promise<WebGround> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-web-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const [targetPort = 0, proxyPort = 0, consolePort = 0, webPort = 0] = await freePorts(4);
  await mkdir(join(folder, 'www'));
  await writeFile(join(folder, 'www', 'page.json'), page);
  await writeFile(join(folder, 'www', 'big'), Buffer.alloc(bigMegabytes * 1_000_000));
  stack.use(await startNginx(nginx, folder, targetPort, `root ${folder}/www;`, ''));
  const upstream = `upstream target { server 127.0.0.1:${targetPort}; keepalive 64; keepalive_requests 100000000; }`;
  const sink = stack.use(await startListening(program, 'sink'));
  const proxied = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_max_temp_file_size 0; proxy_request_buffering off;';
  const places = `location /web/ { proxy_pass http://target/; } location /sink/ { proxy_pass http://127.0.0.1:${sink.port}/; }`;
  const proxy = stack.use(await startNginx(nginx, folder, proxyPort, `client_max_body_size 0; ${proxied} ${places}`, upstream));
  const plain = stack.use(await startListening(program, 'proxy', targetPort, sink.port));
  const answering = stack.use(await startListening(program, 'answers'));
  const gate = stack.use(await startWebGate(join(folder, 'gate'), issuer, { targetPort, sinkPort: sink.port, consolePort, webPort }));
  const kept = stack.move();
  const at = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;
  const pid = gate.process.pid ?? 0;
  return {
    variants: [
      { name: 'direct', url: at(targetPort, ''), sink: at(sink.port, '/sink/'), pid: null },
      { name: 'nginx', url: at(proxyPort, '/web'), sink: at(proxyPort, '/sink/'), pid: proxy.pid },
      { name: 'answers', url: at(answering.port, ''), sink: null, pid: answering.pid },
      { name: 'proxy', url: at(plain.port, ''), sink: at(plain.port, '/sink/'), pid: plain.pid },
      { name: 'write', url: at(webPort, '/write'), sink: at(webPort, '/write-sink/'), pid },
      { name: 'fsync', url: at(webPort, '/fsync'), sink: at(webPort, '/fsync-sink/'), pid },
    ],
    token,
    big: join(folder, 'www', 'big'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** One process and no files but its own, so that it can be measured and nothing of it stays. */
async function startNginx(program: string, folder: string, port: number, server: string, http: string) {
  const own = join(folder, `nginx-${port}`);
  await mkdir(own);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`).join(' ');
  const settings = `daemon off; master_process off; pid ${own}/pid; error_log stderr error; events { worker_connections 1024; }
http { access_log off; sendfile on; keepalive_requests 100000000; ${paths} ${http} server { listen 127.0.0.1:${port}; ${server} } }`;
  await writeFile(join(own, 'nginx.conf'), settings);
  const child = spawn(program, ['-c', join(own, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2000)));
  const exited = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  for (const deadline = Date.now() + 10_000; !(await answers(port)); await pause(20)) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`nginx did not start: ${words}`);
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

const program = new URL('./web-program.ts', import.meta.url);

type GatePorts = { readonly [place in 'targetPort' | 'sinkPort' | 'consolePort' | 'webPort']: number };

async function startWebGate(folder: string, issuer: Issuer, ports: GatePorts) {
  await mkdir(join(folder, 'policies'), { recursive: true });
  await writeFile(join(folder, 'policies', 'bench.cedar'), 'permit (principal, action, resource);');
  const config = join(folder, 'chaperone.yaml');
  const connectionTo = (name: string, port: number, durability: 'write' | 'fsync') => ({
    name,
    protocol: 'http',
    target: { url: `http://127.0.0.1:${port}` },
    credentials: { header: 'X-Api-Key', value: { env: 'CHAPERONE_BENCH_KEY' } },
    // Over all that a run moves: all of it is kept, nothing only counted.
    recording: { durability, contentLimit: '64GiB' },
  });
  const connections = (['write', 'fsync'] as const).flatMap((durability) => [
    connectionTo(durability, ports.targetPort, durability),
    connectionTo(`${durability}-sink`, ports.sinkPort, durability),
  ]);
  const configuration = {
    state: './state',
    listen: {
      console: { address: `127.0.0.1:${ports.consolePort}` },
      web: { address: `127.0.0.1:${ports.webPort}` },
      tls: { insecureLoopback: true },
    },
    identity: { issuers: [{ issuer: issuer.url, audience: issuer.audience }] },
    connections,
  };
  await writeFile(config, JSON.stringify(configuration));
  return startGateway({ config, consolePort: ports.consolePort, env: { CHAPERONE_BENCH_KEY: 'key-of-the-bench-target' } });
}
