import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, ConformanceClient, ConformanceRig } from '../../../../test/conformance/rig.ts';
import { fixtures } from './fixtures.ts';
import { startGitServer } from './git-server.ts';
import { clientEnvironment, password, settingsOf } from './trial.ts';
import { crossed, kept } from './wire-messages.ts';

/** git itself: what it is asked to do is to push a new ref, which is answered by that ref's name. */
class GitClient implements ConformanceClient {
  readonly #folder: string;
  readonly #url: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #notices: string[] = [];
  readonly #running = new Set<ChildProcess>();
  #count = 0;
  readonly closed: Promise<string> = new Promise(() => {});

  constructor(port: number, connection: string, token: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'chaperone-git-client-'));
    this.#url = `http://127.0.0.1:${port}/${connection}`;
    this.#environment = clientEnvironment(this.#folder, this.#url, token);
    const git = (...args: string[]) => execFileSync('git', args, { cwd: this.#folder, env: this.#environment });
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '--message', 'Begin');
  }
  notices(): readonly string[] {
    return this.#notices;
  }
  async ask(mark: string): Promise<Answer> {
    this.#count += 1;
    const ref = `refs/heads/${mark}/${this.#count}-${Date.now()}`;
    const text = await this.#git('push', this.#url, `HEAD:${ref}`);
    this.#notices.push(...text.split('\n').filter((line) => line.startsWith('remote:')));
    const code = /Chaperone ([A-Z_]+):/.exec(text)?.[1];
    if (code === undefined) return text.includes(`-> ${mark}`) ? { kind: 'answered', text } : { kind: 'lost', text };
    return /^(SESSION|TARGET|RECORDER)_/.test(code) ? { kind: 'lost', text } : { kind: 'refused', code, text };
  }
  async leave(): Promise<void> {
    this.vanish();
  }
  vanish(): void {
    for (const { pid } of this.#running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    this.#running.clear();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }

  /** In a group of its own, since git speaks HTTP by a child. */
  async #git(...args: string[]): Promise<string> {
    const child = spawn('git', args, { cwd: this.#folder, env: this.#environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(child, 'close');
    this.#running.delete(child);
    return text;
  }
}

/** Never answers what names a ref that begins with `held`, as a hook that hangs does. */
const hook = '#!/bin/sh\nwhile read -r old new ref; do case "$ref" in refs/heads/held*) exec sleep 600 ;; esac; done\n';

export const rig = {
  startTarget: async () => {
    const server = await startGitServer(password);
    const path = join(server.createRepository('team/web-app.git'), 'hooks', 'pre-receive');
    writeFileSync(path, hook);
    chmodSync(path, 0o755);
    return server;
  },
  settings: (port) => settingsOf(port),
  secret: password,
  connect: async (port, connection, token) => {
    const client = new GitClient(port, connection, token);
    const { kind, text } = await client.ask('hello');
    if (kind !== 'answered') throw new Error(`it was ${kind}: ${text}`);
    return client;
  },
  pipelines: false,
  tellsUnasked: false,
  connections: 'many',
  notices: true,
  codes: { ACCESS_REFUSED: 'ACCESS_REFUSED', INTERNAL: 'INTERNAL' },
  recorded: (_direction, bytes) => crossed(bytes),
  kept,
  fixtures,
  opening: Buffer.alloc(0),
} as const satisfies ConformanceRig;
