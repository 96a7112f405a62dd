import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { freePorts, runChaperone, startGateway } from './gateway.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { startTap } from './tap.ts';

/** The rig itself, and with it the shortest way through the whole program. */
describe('the rig', () => {
  let server: PostgresServer;
  let issuer: Issuer;
  let folder = '';
  before(async () => {
    [server, issuer] = await Promise.all([startPostgres(), startIssuer()]);
    folder = await mkdtemp(join(tmpdir(), 'chaperone-rig-'));
  });
  after(async () => {
    await Promise.all([server.stop(), issuer.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function configure() {
    const [consolePort = 0, port = 0] = await freePorts(2);
    const config = join(folder, 'chaperone.yaml');
    await mkdir(join(folder, 'policies'), { recursive: true });
    await writeFile(join(folder, 'policies', 'all.cedar'), '@id("all") permit (principal in Group::"engineering", action, resource);\n');
    await writeFile(
      config,
      `
state: ./state
listen:
  console: { address: 127.0.0.1:${consolePort} }
  postgres: { address: 127.0.0.1:${port} }
  tls: { insecureLoopback: true }
identity: { issuers: [{ issuer: ${issuer.url}, audience: ${issuer.audience} }] }
connections:
  - name: orders
    protocol: postgres
    target: { host: 127.0.0.1, port: ${server.port}, database: ${server.database}, tls: off }
    credentials: { user: ${server.user}, password: { env: RIG_PASSWORD } }
    retention: 1d
policies: ./policies
`,
    );
    return { config, consolePort, port, env: { RIG_PASSWORD: server.password } };
  }

  test('starts the gateway, goes through it, and stops it', async () => {
    const { port, ...options } = await configure();
    await using gateway = await startGateway(options);
    const client = new Client({ host: '127.0.0.1', port, user: 'dana', database: 'orders', password: await issuer.token() });
    await client.connect();
    assert.deepEqual((await client.query('select count(*)::int as n from items')).rows, [{ n: 1000 }]);
    await client.end();
    const exit = await gateway.stop();
    assert.deepEqual(exit, { code: 0, signal: null }, gateway.stderr());
    for (const text of [gateway.stdout(), gateway.stderr()]) assert.ok(!text.includes(server.password));
    assert.ok((await readdir(join(folder, 'state'))).includes('journal'));
  });

  test('kills the gateway, and starts it again on what it left', async () => {
    const { port: _port, ...options } = await configure();
    await using first = await startGateway(options);
    assert.equal((await first.kill()).signal, 'SIGKILL');
    await using again = await startGateway(options);
    assert.deepEqual(await again.stop(), { code: 0, signal: null }, again.stderr());
  });

  test('tells why a gateway did not start', async () => {
    const { config } = await configure();
    await assert.rejects(startGateway({ config, consolePort: 1, env: {} }), /RIG_PASSWORD/);
    const { code } = await runChaperone(['serve', '--config', config]).finished;
    assert.equal(code, 2);
  });

  test('takes tokens of the newest key alone, once keys have changed', async () => {
    const before = await issuer.token();
    await issuer.rotate();
    const header = (token: string) => String(Buffer.from(token.split('.')[0] ?? '', 'base64url'));
    assert.notEqual(header(before), header(await issuer.token()));
    const keys = (await (await fetch(`${issuer.url}/jwks`)).json()) as { readonly keys: readonly unknown[] };
    assert.equal(keys.keys.length, 1);
  });

  test('taps what goes either way', async () => {
    await using tap = await startTap(server.port);
    const { user, database, password } = server;
    const client = new Client({ host: '127.0.0.1', port: tap.port, user, database, password });
    await client.connect();
    await client.query("select 'there and back'");
    await client.end();
    assert.ok(tap.lines()[0]?.request.includes('there and back') && tap.lines()[0]?.reply.includes('there and back'));
  });
});
