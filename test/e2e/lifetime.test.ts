import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePorts, runChaperone } from '../rig/gateway.ts';
import { type Issuer, startIssuer } from '../rig/issuer.ts';
import { type PostgresServer, startPostgres } from '../rig/postgres.ts';
import { eventually, installed } from './demonstration.ts';

/*
 * A gateway that is reached over TLS only, with the certificate it made for itself, and whose sessions end with their tokens.
 */
const stack = new AsyncDisposableStack();
let database: PostgresServer;
let issuer: Issuer;
let certificate: string;
let certificatePath: string;
let [consolePort, port] = [0, 0];

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-tls-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  [database, issuer] = [stack.use(await startPostgres()), stack.use(await startIssuer())];
  [consolePort = 0, port = 0] = await freePorts(2);
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies', 'all.cedar'), '@id("all") permit (principal, action, resource);');
  const config = join(folder, 'chaperone.yaml');
  await writeFile(config, JSON.stringify(configuration()));
  const gateway = runChaperone(['serve', '--config', config], { PASSWORD: database.password });
  stack.defer(async () => {
    gateway.process.kill('SIGTERM');
    await gateway.exited;
  });
  assert.ok(await eventually(() => gateway.stdout().includes('is ready')), gateway.stderr());
  certificatePath = join(folder, 'state', 'certificate.pem');
  certificate = await readFile(certificatePath, 'utf8');
});
after(() => stack.disposeAsync());

function configuration(): object {
  const target = { host: database.host, port: database.port, database: database.database, tls: 'off' };
  const credentials = { user: database.user, password: { env: 'PASSWORD' } };
  return {
    state: './state',
    listen: {
      console: { address: `127.0.0.1:${consolePort}` },
      postgres: { address: `127.0.0.1:${port}` },
      // The issuer of the tests has no certificate; the listeners speak TLS all the same.
      tls: { selfSigned: true, insecureLoopback: true },
    },
    identity: { issuers: [{ issuer: issuer.url, audience: issuer.audience }] },
    roles: { auditor: ['audit'] },
    connections: [
      { name: 'orders', protocol: 'postgres', target, credentials },
      { name: 'patient', protocol: 'postgres', target, credentials, session: { outliveToken: true } },
    ],
    policies: './policies',
  };
}

/** A client that is shown the gateway's certificate and must find it good. */
function clientFor(connection: string, token: string): Client {
  const ssl = { ca: certificate, servername: 'localhost' };
  const client = new Client({ host: '127.0.0.1', port, database: connection, user: 'x', password: token, ssl });
  client.on('error', () => {});
  return client;
}

function endingSoon(seconds: number): Promise<string> {
  return issuer.token({ exp: Math.floor(Date.now() / 1000) + seconds });
}

/** An API route over TLS, verified. */
function read(route: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: consolePort, path: route, ca: certificate, servername: 'localhost' };
    const asked = request({ ...options, headers: { authorization: `Bearer ${token}`, host: `localhost:${consolePort}` } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject).end();
  });
}

async function sessionsOf(run: string): Promise<{ status: string; reason: string }[]> {
  const auditor = await issuer.token({ sub: 'olga', groups: ['audit'] });
  const page: unknown = JSON.parse(await read(`/api/v1/sessions?run=${run}`, auditor));
  return (page as { items: { status: string; reason: string }[] }).items;
}

test('a driver verifies the certificate, and the API is read over TLS', async () => {
  const client = clientFor('orders', await issuer.token());
  await client.connect();
  assert.deepEqual((await client.query('select 7 as seven')).rows, [{ seven: 7 }]);
  await client.end();
  assert.match(await read('/readyz', await issuer.token()), /"ready"/);
});

test('psql connects with sslmode=verify-full', async (context) => {
  if (!(await installed('psql'))) return context.skip('psql is not installed');
  const place = `host=localhost hostaddr=127.0.0.1 port=${port} dbname=orders user=x sslmode=verify-full sslrootcert=${certificatePath}`;
  const env = { ...process.env, PGPASSWORD: await issuer.token() };
  const { stdout } = await promisify(execFile)('psql', [place, '-Atc', "select 'over TLS'", '-c', '\\conninfo'], { env });
  assert.match(stdout, /over TLS\n.*SSL connection \(protocol: TLSv1\.3/s);
});

test('a session ends with the token that opened it, and says so to client and record', async () => {
  const client = clientFor('orders', await endingSoon(3));
  const told: { code?: string; message: string }[] = [];
  client.on('error', (fault) => told.push(fault));
  await client.connect();
  await client.query("set application_name = 'still open'");
  assert.ok(await eventually(() => told.length > 0));
  assert.equal(told[0]?.code, '28000');
  assert.match(told[0]?.message ?? '', /token that opened this session has expired/);
});

test('a statement that runs when the token ends is cut, and the record says why', async () => {
  const { host, ssl } = { host: '127.0.0.1', ssl: { ca: certificate, servername: 'localhost' } };
  const password = await endingSoon(3);
  const client = new Client({ host, port, ssl, database: 'orders', user: 'x', password, application_name: 'test;run=expiring' });
  client.on('error', () => {});
  await client.connect();
  await assert.rejects(client.query('select pg_sleep(30)'), { code: '28000' });
  assert.ok(await eventually(async () => (await sessionsOf('expiring'))[0]?.status === 'ended'));
  assert.match((await sessionsOf('expiring'))[0]?.reason ?? '', /expired/);
});

test('a connection may let its sessions outlive their token', async () => {
  const client = clientFor('patient', await endingSoon(3));
  await client.connect();
  await client.query('select pg_sleep(3.5)');
  assert.deepEqual((await client.query('select 1 as still')).rows, [{ still: 1 }]);
  await client.end();
});
