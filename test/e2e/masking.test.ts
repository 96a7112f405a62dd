import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { eventually } from './demonstration.ts';
import { type House, openHouse } from './house.ts';

const effects = '[Action::"read", Action::"write", Action::"schema", Action::"admin", Action::"unknown", Action::"connect"]';
const work = `@id("work") permit (principal, action in ${effects}, resource);`;
const mayUnmask = `@id("dba-sees-users") permit (principal in Group::"dba", action == Action::"unmask", resource == Table::"orders:public.users");`;
const masking = {
  columns: [
    { column: 'orders:public.users.email', action: 'partial' },
    { column: 'orders:public.log.email', action: 'partial' },
    { column: 'orders:public.users.owner', action: 'pseudonym' },
    { column: 'orders:public.tasks.owner', action: 'pseudonym' },
    { column: 'orders:public.tasks.secret', action: 'redact' },
  ],
  patterns: [{ name: 'employee-id', pattern: 'E[0-9]{6}', action: 'redact', connections: ['plain'] }],
};

let house: House;
before(async () => {
  house = await openHouse({ policies: `${work}\n${mayUnmask}`, masking, connections: [{ name: 'plain' }] });
  const client = await house.database.direct();
  await client.query('create table users (id int primary key, email text, owner bigint, note text)');
  await client.query("insert into users values (1, 'ann.smith@example.com', 77001, 'E123456 is here'), (2, null, 77002, null)");
  await client.query('create view contacts as select u.id, u.email, lower(u.email) as mail from users u');
  await client.query('create view contacts_again as select c.email as address, c.mail from contacts c left join users using (id)');
  await client.query('create view backwards as select x.email from (select reverse(email) as email from users) x');
  await client.query('create table log (email text, day date) partition by range (day)');
  await client.query("create table log_1 partition of log for values from ('2020-01-01') to ('2021-01-01')");
  await client.query("insert into log values ('ann.smith@example.com', '2020-02-02')");
  await client.query('create table tasks (id int, owner bigint, secret text)');
  await client.query("insert into tasks values (10, 77001, 'hush'), (11, 77002, 'hush'), (12, 77001, repeat('x', 1000000))");
  await client.end();
});
after(() => house[Symbol.asyncDispose]());

const dba = (run: string) => house.connect(run, { password: house.tokens.dba });

describe('a connection with masked columns', () => {
  test('shows them masked, says so on record, and leaves the rest alone', async () => {
    const client = await house.connect('shown');
    const { rows } = await client.query('select id, email, note from users order by id');
    await client.end();
    assert.deepEqual(rows, [
      { id: 1, email: 'a***@***.com', note: 'E123456 is here' },
      { id: 2, email: null, note: null },
    ]);
    const { exchanges, lines, session } = await house.story('shown');
    const masked = [{ rule: 'columns[0]', column: 'email', detector: null, count: 1 }];
    assert.deepEqual(exchanges[0]?.masked, masked);
    assert.deepEqual(
      lines.flatMap((line) => (line.kind === 'masked' ? [line.masked] : [])),
      [masked],
    );
    assert.ok(!JSON.stringify(lines).includes('ann.smith'));
    assert.match((await house.cli('auditor', 'replay', session.id)).out, /masked email ×1 \(columns\[0\]\)/);
  });

  test('keeps joins by pseudonyms right', async () => {
    const client = await house.connect('joined');
    const users = (await client.query('select id, owner from users order by id')).rows;
    const tasks = (await client.query('select id, owner from tasks order by id')).rows;
    await client.end();
    assert.notEqual(users[0].owner, '77001');
    assert.deepEqual(
      tasks.map(({ owner }) => owner),
      [users[0].owner, users[1].owner, users[0].owner],
    );
  });

  test('shows a column as it stands by its own rule, through views and partitions, and redacts what is computed', async () => {
    const client = await house.connect('stands');
    const first = async (text: string) => Object.values((await client.query(`${text} limit 1`)).rows[0]).join();
    assert.equal(await first('select email, mail from contacts where id = 1'), 'a***@***.com,[redacted:email]');
    assert.equal(await first('select address, mail from contacts_again where address is not null'), 'a***@***.com,[redacted:email]');
    assert.equal(await first('select email from backwards where email is not null'), '[redacted:email]');
    assert.equal(await first('select email from log'), 'a***@***.com');
    assert.equal(await first('select email from log_1'), 'a***@***.com');
    assert.equal(await first('with x as (select email from users where id = 1) select email from x'), 'a***@***.com');
    assert.equal(await first('select email from users where id = 1 union all select email from users where false'), '[redacted:email]');
    await client.end();
  });

  test('is shown as it is to whom policy lets unmask, table by table and at once', async () => {
    const client = await dba('unmasked');
    assert.equal((await client.query('select email from users where id = 1')).rows[0].email, 'ann.smith@example.com');
    assert.equal((await client.query('select lower(email) as e from users where id = 1')).rows[0].e, 'ann.smith@example.com');
    assert.equal((await client.query('select secret from tasks where id = 10')).rows[0].secret, '[redacted:secret]');
    const both = await client.query('select email, secret, email || secret as both from users, tasks where tasks.id = 10 and users.id = 1');
    assert.deepEqual(both.rows, [{ email: 'ann.smith@example.com', secret: '[redacted:secret]', both: '[redacted:secret]' }]);
    await house.write(work);
    const isMasked = async () => (await client.query('select email from users where id = 1')).rows[0].email === 'a***@***.com';
    assert.ok(await eventually(isMasked));
    await house.write(`${work}\n${mayUnmask}`);
    assert.ok(await eventually(async () => !(await isMasked())));
    await client.end();
  });

  test('masks long rows, and ends a session whose row is too long to be', async () => {
    const client = await house.connect('long', {}, () => {});
    assert.equal((await client.query('select secret from tasks where id = 12')).rows[0].secret, '[redacted:secret]');
    const whole = await client.query("select length(repeat('y', 70000000)) as length");
    assert.equal(whole.rows[0].length, 70_000_000);
    await assert.rejects(
      client.query("select secret || repeat('y', 70000000) from tasks where id = 10"),
      (fault: Error & { code?: string }) => {
        assert.match(fault.message, /^A row of \d+ bytes has values that must be masked, and only rows up to 67108864 bytes are\.$/);
        return true;
      },
    );
    await client.end().catch(() => {});
  });

  test('masks what listeners are sent, and settings by which values could be carried out', async () => {
    const client = await house.connect('heard');
    const heard: (string | undefined)[] = [];
    client.on('notification', ({ payload }) => heard.push(payload));
    await client.query('listen news');
    await client.query("select pg_notify('news', 'anything')");
    await client.query('select 1');
    await client.query("select set_config('application_name', email, false) from users where id = 1");
    const { rows } = await client.query('show application_name');
    await client.end();
    assert.deepEqual(heard, ['[redacted:payload]']);
    assert.deepEqual(rows, [{ application_name: '[redacted:unknown]' }]);
  });
});

describe('a connection where values are looked for', () => {
  test('masks what is found and nothing else', async () => {
    const client = await house.connect('found', { database: 'plain' });
    const { rows } = await client.query('select id, email, note from users order by id');
    assert.deepEqual(rows[0], { id: 1, email: 'ann.smith@example.com', note: '[redacted:employee-id] is here' });
    await assert.rejects(client.query("select 'E654321'::int"), /"\[redacted:employee-id\]"/);
    await client.end();
    const { exchanges } = await house.story('found');
    assert.deepEqual(exchanges[0]?.masked, [{ rule: 'patterns[0]', column: 'note', detector: 'employee-id', count: 1 }]);
  });
});

test('a client past the gateway sees it all', async () => {
  const { host, port, database, user, password } = house.database;
  const client = new Client({ host, port, database, user, password });
  await client.connect();
  assert.equal((await client.query('select email from users where id = 1')).rows[0].email, 'ann.smith@example.com');
  await client.end();
});
