import assert from 'node:assert/strict';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AuditItem, SessionItem } from '../../src/archive/items.ts';
import type { ConnectionItem, TrialReport } from '../../src/api/gateway-port.ts';
import { eventually } from './demonstration.ts';
import { type House, openHouse, type Person, run } from './house.ts';

interface Said {
  readonly status: number;
  readonly etag: string | null;
  readonly text: string;
  readonly body: { readonly [key: string]: unknown };
}

const secret = 'correct horse battery staple';

describe('connections that are made in the console', { timeout: 240_000 }, () => {
  let house: House;
  before(async () => {
    house = await openHouse();
    await house.database.run(`create role reporter login password '${secret}'`);
  });
  after(() => house[Symbol.asyncDispose]());

  async function call(person: Person, method: string, route: string, body?: object, version?: string): Promise<Said> {
    const headers = {
      authorization: `Bearer ${house.tokens[person]}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(version !== undefined && { 'if-match': version }),
    };
    const answer = await fetch(house.gateway.console + route, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    return { status: answer.status, etag: answer.headers.get('etag'), text, body: JSON.parse(text) as Said['body'] };
  }

  const target = () => ({ host: house.database.host, port: house.database.port, database: house.database.database, tls: 'off' });
  const reports = () => ({ protocol: 'postgres', target: target(), credentials: { user: 'reporter', password: secret } });

  function psql(connection: string, statement: string, runName: string) {
    const environment = house.environment(runName, { PGDATABASE: connection });
    return run('psql', ['-XtA', '-c', statement], { env: environment });
  }

  test('are tried before they are made, as the admin himself would use them', async () => {
    const tried = await call('admin', 'POST', '/api/v1/connections/test', { name: 'reports', ...reports() });
    assert.equal(tried.status, 200, tried.text);
    const report = tried.body as unknown as TrialReport;
    assert.deepEqual([report.failure, report.says], [null, 'SELECT 1'], tried.text);
    assert.deepEqual(
      report.steps.map(({ step }) => step),
      ['admit', 'resolve', 'connect', 'authenticate', 'answer'],
    );
    assert.deepEqual(await readdir(join(house.state, 'connections')), []);
    let session: SessionItem | undefined;
    await eventually(async () => {
      [session] = await house.sessions('auditor', 'connection=reports');
      return session !== undefined && session.status !== 'active';
    });
    assert.equal(session?.id, report.session);
    assert.equal(session?.principal?.subject, 'amy');
    assert.equal(session?.exchanges, 1);
  });

  test('and say in which step they fail', async () => {
    const attempt = async (more: object) =>
      (await call('admin', 'POST', '/api/v1/connections/test', { name: 'reports', ...reports(), ...more })).body as unknown as TrialReport;
    const wrong = await attempt({ credentials: { user: 'reporter', password: 'wrong' } });
    assert.deepEqual([wrong.failure?.step, wrong.failure?.code], ['authenticate', 'TARGET_REFUSED']);
    assert.match(wrong.failure?.message ?? '', /password authentication failed/);
    const nowhere = await attempt({ target: { host: 'no-such-host.invalid', database: 'shop' } });
    assert.deepEqual([nowhere.failure?.step, nowhere.failure?.code], ['resolve', 'TARGET_UNREACHABLE']);
    const metadata = await attempt({ target: { host: '169.254.169.254', port: 80, database: 'shop' } });
    assert.deepEqual([metadata.failure?.step, metadata.failure?.code], ['connect', 'TARGET_UNREACHABLE']);
    assert.match(metadata.failure?.message ?? '', /link-local, metadata/);
    const plaintext = await attempt({ target: { ...target(), tls: 'verify' } });
    assert.deepEqual([plaintext.failure?.step, plaintext.failure?.code], ['encrypt', 'TARGET_FAULT']);
    const itself = await call('admin', 'POST', '/api/v1/connections/test', {
      name: 'a',
      ...reports(),
      target: { ...target(), port: house.port },
    });
    assert.equal(itself.status, 400);
    const vault = (await call('admin', 'POST', '/api/v1/connections/vault/test')).body as unknown as TrialReport;
    assert.deepEqual([vault.failure?.step, vault.failure?.code], ['admit', 'ACCESS_REFUSED']);
    const known = (await call('admin', 'POST', '/api/v1/connections/orders/test')).body as unknown as TrialReport;
    assert.equal(known.failure, null, 'what the file configures can be tried as well');
  });

  test('are used at once, by what the gateway alone knows', async () => {
    const made = await call('admin', 'POST', '/api/v1/connections', { name: 'reports', ...reports() });
    assert.equal(made.status, 201, made.text);
    const { code, out, err } = await psql('reports', 'select current_user', 'made');
    assert.equal(code, 0, err);
    assert.equal(out.trim(), 'reporter');
    const [session] = await house.over('made');
    assert.equal(session?.connection, 'reports');
  });

  test('show their secrets to nobody, and lie sealed in the state folder', async () => {
    const seen = await Promise.all(['/api/v1/connections', '/api/v1/connections/reports'].map((route) => call('auditor', 'GET', route)));
    for (const { status, text } of seen) {
      assert.equal(status, 200);
      assert.ok(!text.includes(secret));
    }
    const { written, secrets, origin } = JSON.parse(seen[1]?.text ?? '') as ConnectionItem;
    assert.deepEqual(written, { protocol: 'postgres', target: target(), credentials: { user: 'reporter' } });
    assert.equal(secrets[0]?.field, 'credentials.password');
    assert.match(secrets[0]?.by ?? '', /^amy /);
    assert.equal(origin.kind, 'console');
    const file = join(house.state, 'connections', 'reports.json');
    assert.ok(!(await readFile(file, 'utf8')).includes(secret));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(house.state, 'connections'))).mode & 0o777, 0o700);
    assert.equal((await stat(join(house.state, 'connections.key'))).mode & 0o777, 0o600);
  });

  test('are on the trail with who and which settings, and without what stands in them', async () => {
    let items: readonly AuditItem[] = [];
    await eventually(async () => {
      items = (JSON.parse(await house.read('auditor', '/api/v1/audit?event=connection.')) as { items: AuditItem[] }).items;
      return items.length > 0;
    });
    const made = items.find(({ event }) => event === 'connection.made');
    assert.match(made?.actor ?? '', /^amy /);
    assert.deepEqual(made?.detail, {
      name: 'reports',
      fields: ['credentials.password', 'credentials.user', 'protocol', 'target.database', 'target.host', 'target.port', 'target.tls'],
    });
    assert.ok(!JSON.stringify(items).includes(secret));
  });

  test('outlast a restart', async () => {
    await house.restart('SIGTERM');
    const { code, out, err } = await psql('reports', 'select current_user', 'restarted');
    assert.equal(code, 0, err);
    assert.equal(out.trim(), 'reporter');
  });

  test('are sealed by another key at a restart, and the former one may go', async () => {
    const [key, file] = [join(house.state, 'connections.key'), join(house.state, 'connections', 'reports.json')];
    const [before, sealed] = await Promise.all([readFile(key), readFile(file, 'utf8')]);
    await rename(key, `${key}.before`);
    await house.restart('SIGTERM');
    const [after, sealedAnew] = await Promise.all([readFile(key), readFile(file, 'utf8')]);
    assert.notDeepEqual(after, before);
    assert.notEqual(sealedAnew, sealed);
    await rm(`${key}.before`);
    await house.restart('SIGKILL');
    assert.equal(await readFile(file, 'utf8'), sealedAnew);
    const { code, out, err } = await psql('reports', 'select current_user', 'sealed-anew');
    assert.equal(code, 0, err);
    assert.equal(out.trim(), 'reporter');
    await eventually(async () => {
      const { items } = JSON.parse(await house.read('auditor', '/api/v1/audit?event=connection.sealed-anew')) as { items: AuditItem[] };
      return items.length === 1 && items[0]?.detail['name'] === 'reports';
    });
  });

  test('are changed and removed in the version that was read alone', async () => {
    const route = '/api/v1/connections/reports';
    const read = await call('admin', 'GET', route);
    assert.match(read.etag ?? '', /^"[\w-]{22}"$/);
    assert.equal(read.etag, `"${String(read.body['version'])}"`);
    const kept = { ...reports(), credentials: { user: 'reporter', password: { keep: true } } };
    const change = (retention: string, version?: string) => call('admin', 'PUT', route, { ...kept, retention }, version);
    const unnamed = await change('7d');
    assert.deepEqual([unnamed.status, unnamed.body['code']], [428, 'VERSION_MISSING'], unnamed.text);
    const first = await change('7d', read.etag ?? '');
    assert.equal(first.status, 200, first.text);
    assert.notEqual(first.etag, read.etag);
    const second = await change('8d', read.etag ?? '');
    assert.deepEqual([second.status, second.body['code']], [412, 'VERSION_STALE'], second.text);
    assert.match(second.text, /was changed by amy .* after you had read it/);
    // A weak tag is none (RFC 9110 section 13.1.1).
    assert.equal((await change('8d', `W/${first.etag}`)).status, 412);
    assert.equal((await change('8d', 'without quotation marks')).status, 400);
    assert.equal((await call('admin', 'DELETE', route)).status, 428);
    assert.equal((await call('admin', 'DELETE', route, undefined, read.etag ?? '')).status, 412);
    assert.equal((await call('admin', 'GET', route)).body['retentionDays'], 7);
    assert.equal((await change('9d', `"of-another", ${first.etag}`)).status, 200);
    assert.equal((await call('auditor', 'GET', '/api/v1/connections/orders')).etag, null, 'what the file says has no version');
  });

  test('end their sessions when they lead elsewhere, and the client is told by whom', async () => {
    const told: Error[] = [];
    const client = await house.connect('elsewhere', { database: 'reports' }, (fault) => told.push(fault));
    await client.query('select 1');
    const kept = {
      ...reports(),
      target: { ...target(), database: 'postgres' },
      credentials: { user: 'reporter', password: { keep: true } },
    };
    const sent = await call('admin', 'PUT', '/api/v1/connections/reports', kept, '*');
    assert.equal(sent.status, 400, 'a secret may not be kept where it would be sent elsewhere');
    assert.match(sent.text, /credentials\.password/);
    await client.query('select 2');
    const changed = await call('admin', 'PUT', '/api/v1/connections/reports', { ...kept, credentials: reports().credentials }, '*');
    assert.equal(changed.status, 200, changed.text);
    const [session] = await house.over('elsewhere');
    assert.match(session?.reason ?? '', /The connection "reports" was changed by amy /);
    assert.match(told.map(({ message }) => message).join(), /was changed by amy|terminated/);
    const { out } = await psql('reports', 'select current_database()', 'elsewhere-now');
    assert.equal(out.trim(), 'postgres');
  });

  test('let their sessions go on where only new ones are concerned', async () => {
    const client = await house.connect('goes-on', { database: 'reports' });
    const same = {
      ...reports(),
      target: { ...target(), database: 'postgres' },
      credentials: { user: 'reporter', password: { keep: true } },
    };
    const changed = await call('admin', 'PUT', '/api/v1/connections/reports', { ...same, retention: '30d' }, '*');
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.body['retentionDays'], 30);
    await client.query('select 3');
    await client.end();
    const [session] = await house.over('goes-on');
    assert.equal(session?.status, 'ended');
  });

  test('end with their sessions when they are removed', async () => {
    const client = await house.connect('removed', { database: 'reports' }, () => {});
    await client.query('select 1');
    const { etag } = await call('auditor', 'GET', '/api/v1/connections/reports');
    const removed = await call('admin', 'DELETE', '/api/v1/connections/reports', undefined, etag ?? '');
    assert.equal(removed.status, 200, removed.text);
    const [session] = await house.over('removed');
    assert.match(session?.reason ?? '', /The connection "reports" was removed by amy /);
    const { code, err } = await psql('reports', 'select 1', 'after');
    assert.notEqual(code, 0);
    assert.match(err, /You may not connect to "reports", or there is no such connection/);
    assert.deepEqual(await readdir(join(house.state, 'connections')), []);
  });

  const wishes: readonly (readonly [
    what: string,
    person: Person,
    method: string,
    route: string,
    status: number,
    code: string,
    says: RegExp,
    body?: () => object,
  ])[] = [
    [
      'what the file says is not changed',
      'admin',
      'PUT',
      '/api/v1/connections/orders',
      409,
      'FIXED_BY_FILE',
      /chaperone\.yaml:\d+/,
      reports,
    ],
    ['what the file says is not removed', 'admin', 'DELETE', '/api/v1/connections/orders', 409, 'FIXED_BY_FILE', /chaperone\.yaml:\d+/],
    [
      'a name of the file is not given again',
      'admin',
      'POST',
      '/api/v1/connections',
      409,
      'NAME_TAKEN',
      /orders/,
      () => ({ name: 'orders', ...reports() }),
    ],
    [
      'an auditor makes none',
      'auditor',
      'POST',
      '/api/v1/connections',
      403,
      'ACCESS_REFUSED',
      /role admin/,
      () => ({ name: 'a', ...reports() }),
    ],
    [
      'an engineer makes none',
      'engineer',
      'POST',
      '/api/v1/connections',
      403,
      'ACCESS_REFUSED',
      /roles? admin/,
      () => ({ name: 'a', ...reports() }),
    ],
    [
      'an admin’s agent makes none',
      'adminAgent',
      'POST',
      '/api/v1/connections',
      403,
      'ACCESS_REFUSED',
      /for persons/,
      () => ({ name: 'a', ...reports() }),
    ],
    ['an admin’s agent removes none', 'adminAgent', 'DELETE', '/api/v1/connections/orders', 403, 'ACCESS_REFUSED', /for persons/],
    [
      'the environment is not read',
      'admin',
      'POST',
      '/api/v1/connections',
      400,
      'REQUEST_INVALID',
      /credentials\.password/,
      () => ({ name: 'a', ...reports(), credentials: { user: 'reporter', password: { env: 'ORDERS_PASSWORD' } } }),
    ],
    [
      'no file is read',
      'admin',
      'POST',
      '/api/v1/connections',
      400,
      'REQUEST_INVALID',
      /target\.tls\.ca names something of the gateway/,
      () => ({ name: 'a', ...reports(), target: { ...target(), tls: { ca: '/etc/passwd' } } }),
    ],
    [
      'the gateway itself is no target',
      'admin',
      'POST',
      '/api/v1/connections',
      400,
      'REQUEST_INVALID',
      /the gateway itself/,
      () => ({ name: 'a', ...reports(), target: { ...target(), port: house.port } }),
    ],
    [
      'a protocol that nothing listens for has none',
      'admin',
      'POST',
      '/api/v1/connections',
      400,
      'REQUEST_INVALID',
      /nothing listens/,
      () => ({ name: 'a', protocol: 'http', target: { url: 'https://example.com' } }),
    ],
    [
      'what is unknown is refused',
      'admin',
      'POST',
      '/api/v1/connections',
      400,
      'REQUEST_INVALID',
      /hots/,
      () => ({ name: 'a', ...reports(), target: { ...target(), hots: 'x' } }),
    ],
    ['what is not there is not removed', 'admin', 'DELETE', '/api/v1/connections/nowhere', 404, 'NOT_FOUND', /nowhere/],
  ];
  for (const [what, person, method, route, status, code, says, body] of wishes)
    test(what, async () => {
      const said = await call(person, method, route, body?.());
      assert.equal(said.status, status, said.text);
      assert.equal(said.body['code'], code);
      assert.match(said.text, says);
      assert.ok(!said.text.includes(secret));
      assert.deepEqual(await readdir(join(house.state, 'connections')), []);
    });
});
