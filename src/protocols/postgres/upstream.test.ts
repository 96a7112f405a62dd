import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import type { PostgresServer } from '../../../test/rig/postgres.ts';
import { startTap } from '../../../test/rig/tap.ts';
import { protocol } from './index.ts';
import { selfSigned, temporaryFile } from './testing/certificates.ts';
import { message } from './testing/fixtures.ts';
import { startFakeTarget } from './testing/fake-target.ts';
import { RawClient } from './testing/raw-client.ts';
import { settingsFor, sharedServer } from './testing/shared-server.ts';
import { endOf } from './testing/told.ts';

const password = 'päss word';
const roles = [
  { role: 'by_trust', method: 'trust', encryption: 'scram-sha-256', crossesPlain: false },
  { role: 'by_password', method: 'password', encryption: 'scram-sha-256', crossesPlain: true },
  { role: 'by_digest', method: 'md5', encryption: 'md5', crossesPlain: false },
  { role: 'by_scram', method: 'scram-sha-256', encryption: 'scram-sha-256', crossesPlain: false },
] as const;

describe('the way to the target', () => {
  let server: PostgresServer;
  let restore: () => Promise<void> = async () => {};
  before(async () => {
    server = await sharedServer();
    for (const { role, encryption } of roles)
      await server.run(`set password_encryption = '${encryption}'; create role ${role} login password '${password}'`);
    const own = await selfSigned(['localhost', '127.0.0.1']);
    await server.place('own.crt', own.certPem);
    await server.place('own.key', own.keyPem);
    ca = own.certPem;
    await server.run(
      "alter system set ssl_cert_file = 'own.crt'",
      "alter system set ssl_key_file = 'own.key'",
      'alter system set ssl = on',
    );
    restore = await server.authenticate([
      'hostssl all only_tls 127.0.0.1/32 trust',
      'hostnossl all only_tls 127.0.0.1/32 reject',
      ...roles.map(({ role, method }) => `host all ${role} 127.0.0.1/32 ${method}`),
    ]);
    await server.run('create role only_tls login');
  });
  after(async () => {
    await server.run('alter system set ssl = off');
    await restore();
  });
  let ca = '';

  for (const { role, method, crossesPlain } of roles) {
    test(`${method}: the right password opens`, async () => {
      await using tap = await startTap(server.port);
      await using plane = await startDataPlane({ protocol, settings: settingsFor(tap.port, { user: role, password }) });
      using client = await RawClient.open(plane);
      client.send(message.query('select current_user'));
      assert.ok((await client.until('Z')).some(({ type, body }) => type === 'D' && body.includes(role)));
      assert.equal(tap.lines()[0]?.request.includes(password), crossesPlain);
      const record = Buffer.concat(plane.entries().flatMap((entry) => (entry.kind === 'bytes' ? [entry.bytes] : [])));
      assert.ok(!record.includes(password) && !/md5[0-9a-f]{32}/.test(record.toString('latin1')), 'what opened the target is on record');
    });

    if (method !== 'trust')
      test(`${method}: the wrong one does not`, async () => {
        await using plane = await startDataPlane({ protocol, settings: settingsFor(server.port, { user: role, password: 'wrong' }) });
        await assert.rejects(RawClient.open(plane), (fault: Error) => /E:08001/.test(fault.message));
        assert.match(endOf(await plane.settled()) ?? '', /password authentication failed/);
      });
  }

  const open = async (tls: unknown, port = server.port) => {
    await using plane = await startDataPlane({ protocol, settings: settingsFor(port, { user: 'only_tls', tls }) });
    try {
      using client = await RawClient.open(plane);
      client.send(message.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()'));
      const rows = (await client.until('Z')).filter(({ type }) => type === 'D');
      return rows.map(({ body }) => body.toString('utf8', 6)).join();
    } catch {
      return endOf(await plane.settled()) ?? '';
    }
  };

  test('TLS with the authority that was named opens', async () => {
    await using file = await temporaryFile('ca.pem', ca);
    assert.equal(await open({ ca: file.path }), 't');
  });
  test('without TLS the server turns away', async () => assert.match(await open('off'), /pg_hba.conf/));
  test('TLS with another authority does not open', async () => {
    await using file = await temporaryFile('ca.pem', (await selfSigned(['127.0.0.1'])).certPem);
    assert.match(await open({ ca: file.path }), /self-signed certificate/);
  });
  test('TLS with the machine’s authorities does not open', async () => assert.match(await open('verify'), /self-signed certificate/));
  test('a certificate for another name does not open', async () => {
    const other = await selfSigned(['db.example.com', '192.0.2.1']);
    await server.place('own.crt', other.certPem);
    await server.place('own.key', other.keyPem);
    await (await server.authenticate([]))();
    await using file = await temporaryFile('ca.pem', other.certPem);
    assert.match(await open({ ca: file.path }), /does not match|is not in the cert/);
  });
  test('an authority’s file that is not there is a clear fault', async () => {
    assert.match(await open({ ca: '/nowhere/ca.pem' }), /ENOENT.*\/nowhere\/ca.pem/);
  });

  for (const [name, answer, says] of [
    ['says no', 'N', /does not speak TLS/],
    ['says neither', 'E', /does not speak TLS/],
    // PgBouncer CVE-2021-3935, from the other side.
    ['has plaintext behind its yes', 'Sextra', /plaintext behind its answer/],
  ] as const)
    test(`a target that ${name} is not gone on with`, async () => {
      await using target = await startFakeTarget(Buffer.from(answer));
      assert.match(await open('verify', target.port), says);
      assert.equal(target.received().length, 8);
    });

  test('a target that falls silent within the TLS handshake is let go with its client', async () => {
    await using target = await startFakeTarget(Buffer.from('S'));
    await using plane = await startDataPlane({ protocol, settings: settingsFor(target.port, { tls: 'verify' }) });
    const opening = assert.rejects(RawClient.open(plane), /E:57P01/);
    while (target.received().length <= 8) await new Promise((later) => setImmediate(later));
    plane.opened[0]?.stop({ code: 'SESSION_TERMINATED', message: 'Ended by the test.', hint: 'Ask the test.' });
    await opening;
    await plane.settled();
  });
});
