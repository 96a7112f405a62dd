import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { Client, ClientConfig } from 'pg';
import connectPostgres from 'postgres';
import { encodeMessage } from '../../src/protocols/postgres/messages.ts';
import { encodeStartup } from '../../src/protocols/postgres/startup.ts';
import { RawClient } from '../../src/protocols/postgres/testing/raw-client.ts';
import { because, Desk, hold, idIn, policies } from './asking.ts';
import { eventually, installed } from './demonstration.ts';
import { type House, openHouse, run } from './house.ts';

let house: House;
let desk: Desk;
/** Connects past the gateway, to see what the target really has. */
let target: Client;

/** A client of the run, closed with the test. */
async function connected(name: string, options: ClientConfig = {}) {
  const client = await house.connect(name, options);
  return { client, [Symbol.asyncDispose]: () => client.end().catch(() => {}) };
}

const count = async (table: string): Promise<number | null> => {
  const found = await target.query('select to_regclass($1) as at', [table]);
  if (found.rows[0].at === null) return null;
  return Number((await target.query(`select count(*)::int as n from ${table}`)).rows[0].n);
};

before(async () => {
  house = await openHouse({ policies });
  desk = new Desk(house);
  target = await house.database.direct();
  for (const table of ['kept', 'queue']) await target.query(`create table ${table} (id int, word text)`);
});
after(async () => {
  await target?.end();
  await house?.[Symbol.asyncDispose]();
});

describe('a statement that is held', { timeout: 120_000 }, () => {
  test('runs once when a DBA approves it on the command line, as psql and the record show', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const psql = (statement: string) => run('psql', ['-X', '-w', '-c', statement], { env: house.environment('by-psql') });
    const statement = 'create table made_once (id int)';
    const running = psql(statement);
    const { id } = await desk.asked('by-psql');
    const listed = await house.cli('dba', 'approvals', '--status', 'open');
    assert.ok(listed.out.includes(id) && listed.out.includes(statement), listed.out + listed.err);
    assert.equal(await count('made_once'), null, 'nothing was sent while it waits');
    const misread = await house.cli('dba', 'approve', id, '--read-back', 'public.made_twice');
    assert.equal(misread.code, 1);
    assert.match(misread.err, /not what it is about\. Nothing was decided/);
    assert.equal((await desk.asked('by-psql')).id, id, 'it is still open');
    const approved = await house.cli('dba', 'approve', id, '--read-back', 'public.made_once');
    assert.equal(approved.code, 0, approved.err);
    for (const words of [statement, 'dana@example.com', 'cursor', 'by-psql', 'changes-need-dba', 'the waiting request is sent'])
      assert.ok(approved.out.includes(words), `${words} is not in ${approved.out}`);
    const ran = await running;
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.out, 'CREATE TABLE\n');
    assert.match(
      ran.err,
      /^NOTICE: {2}CREATE on public\.made_once needs approval by a member of "dba", as "changes-need-dba" says: Changes/,
    );
    assert.ok(ran.err.includes(`Approval ${id}: ${house.gateway.console}/approvals/${id} (no answer until `), ran.err);
    assert.equal(await count('made_once'), 0);
    assert.equal((await desk.one(id)).status, 'used');

    const { session, exchanges, lines } = await house.story('by-psql');
    const [exchange] = exchanges;
    assert.deepEqual([exchange?.verdict, exchange?.approval, exchange?.status, exchange?.tag], ['approved', id, 'ok', 'CREATE TABLE']);
    assert.ok(exchange?.policies.includes('changes-need-dba'));
    const decisions = lines.flatMap((line) => (line.kind === 'decision' ? [line.decision] : []));
    assert.deepEqual(
      decisions.filter(({ approval }) => approval !== null).map(({ verdict, approval }) => [verdict, approval]),
      [['approved', id]],
    );
    const replayed = await house.cli('auditor', 'replay', session.id);
    assert.ok(replayed.out.includes(`APPROVED by approval ${id}`), replayed.out);
    assert.match(replayed.out, /notice · code 00000 · message CREATE on public\.made_once needs approval/);
    const trail = JSON.parse(await house.read('auditor', '/api/v1/audit?limit=1000')) as {
      items: { event: string; actor: string; detail: { approval?: string } }[];
    };
    assert.deepEqual(
      trail.items
        .filter(({ event, detail }) => event.startsWith('approval.') && detail.approval === id)
        .map(({ event, actor }) => [event, actor]),
      [
        ['approval.read', `olga (${house.issuer.url})`],
        ['approval.used', `dana (${house.issuer.url})`],
        ['approval.decided', `ines (${house.issuer.url})`],
        ['approval.asked', `dana (${house.issuer.url})`],
      ],
    );
  });

  test('is asked about again when it is sent again, and a no reaches the agent in one sentence', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const psql = () => run('psql', ['-X', '-w', '-c', "insert into kept values (1, 'again')"], { env: house.environment('again') });
    const first = psql();
    const { id } = await desk.asked('again');
    await desk.approve(id);
    assert.equal((await first).out, 'INSERT 0 1\n');
    const second = psql();
    const asked = await desk.asked('again');
    assert.notEqual(asked.id, id);
    const denied = await house.cli('dba', 'deny', asked.id, '--reason', 'Once is enough.');
    assert.equal(denied.code, 0, denied.err);
    const { code, err } = await second;
    assert.equal(code, 1);
    assert.ok(err.includes(`ERROR:  ${because('INSERT on public.kept')} ines@example.com refused it: Once is enough.\n`), err);
    assert.match(err, /HINT: {2}Do not send it again; ask whoever refused it\./);
    assert.equal(await count('kept'), 1);
    const third = await psql();
    assert.match(third.err, /refused it: Once is enough\./, 'a no holds for the same act until its time is over');
    const { exchanges } = await house.over('again', 3).then(async ([last]) => ({
      exchanges: await house.exchanges('auditor', `session=${last?.id ?? ''}`),
    }));
    assert.deepEqual(
      exchanges.map(({ verdict, approval, status }) => [verdict, approval, status]),
      [['denied', asked.id, 'refused']],
    );
  });

  test('is shown with its bind values, its effect, its objects and what the planner expects', async () => {
    await using one = await connected('shown');
    const held = await hold(one.client, { text: 'delete from items where id <= $1', values: [40] });
    assert.deepEqual([held.notice.severity, held.notice.code], ['NOTICE', '00000']);
    assert.match(held.notice.message, /^DELETE on public\.items needs approval/);
    const shown = await desk.one(held.id, 'dba');
    const { action, effect, text, parameters, demands, estimate, requester, run: named, connection, groups, policies: rules } = shown;
    assert.deepEqual(
      [action, effect, text, parameters, named, connection, groups, rules],
      ['postgres:delete', 'write', 'delete from items where id <= $1', ['40'], 'shown', 'orders', ['dba'], ['changes-need-dba']],
    );
    assert.deepEqual([requester.subject, requester.agent], ['dana', 'cursor']);
    assert.ok(demands.some(({ object }) => object?.type === 'Table' && object.name === 'public.items'));
    assert.ok(estimate !== null && estimate >= 1 && estimate <= 1000, String(estimate));
    assert.equal(shown.waiting, true);
    assert.equal((await desk.decide('dba', held.id, { decision: 'approve', digest: '0'.repeat(64) }))[0], 409, 'not what was looked at');
    const [status] = await desk.decide('dba', held.id, { decision: 'approve', digest: shown.digest });
    assert.equal(status, 200);
    assert.equal((await held.answer).tag, 'DELETE');
    assert.equal(await count('items'), 960);
  });

  test('passes through postgres.js, with what stands behind it in the pipeline', async () => {
    const notices: string[] = [];
    const sql = connectPostgres({
      host: '127.0.0.1',
      port: house.port,
      database: 'orders',
      username: 'agent',
      password: house.tokens.agent,
      max: 1,
      connection: { application_name: 'e2e;run=pipelined' },
      fetch_types: false,
      onnotice: ({ message }) => void notices.push(message ?? ''),
    });
    try {
      const order: string[] = [];
      const written = sql`insert into kept values (${2}, ${'piped'}) returning word`.then(
        (rows) => void order.push(String(rows[0]?.['word'])),
      );
      const read = sql`select count(*)::int as n from kept where word = ${'piped'}`.then((rows) => void order.push(String(rows[0]?.['n'])));
      const { id } = await desk.asked('pipelined');
      assert.deepEqual(order, []);
      await desk.approve(id);
      await Promise.all([written, read]);
      assert.deepEqual(order, ['piped', '1']);
      assert.equal(idIn(notices.join()), id);
    } finally {
      await sql.end({ timeout: 1 });
    }
  });
});

describe('one act, whatever way it is sent', { timeout: 60_000 }, () => {
  test('each execution of a prepared statement is asked about', async () => {
    await using one = await connected('prepared');
    const statement = { name: 'p1', text: 'insert into kept values ($1, $2)', values: [12, 'prepared'] };
    const ids = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      const { id, answer } = await hold(one.client, statement);
      ids.add(id);
      await desk.approve(id);
      assert.equal((await answer).tag, 'INSERT');
    }
    assert.equal(ids.size, 2);
  });

  test('what needs nobody goes on by itself in a transaction around it', async () => {
    await using one = await connected('transaction');
    await one.client.query('begin');
    await one.client.query('select count(*) from kept');
    const { id, answer } = await hold(one.client, "insert into kept values (13, 'transaction')");
    await desk.approve(id);
    assert.equal((await answer).tag, 'INSERT');
    assert.equal((await target.query("select from kept where word = 'transaction'")).rowCount, 0);
    await one.client.query('commit');
    assert.equal((await target.query("select from kept where word = 'transaction'")).rowCount, 1);
  });

  test('several statements in one text are asked about one by one, and a no to one sends none', async () => {
    await using one = await connected('several');
    const first = await hold(one.client, "insert into kept values (14, 'several'); delete from kept where word = 'several'");
    assert.match(first.notice.message, /^INSERT on public\.kept needs/);
    const noticed = once(one.client, 'notice') as Promise<[{ message: string }]>;
    await desk.approve(first.id);
    const [second] = await noticed;
    assert.match(second.message, /^DELETE on public\.kept needs/);
    await desk.decide('dba', idIn(second.message), { decision: 'deny', reason: 'Not the second.' });
    const answer = await first.answer;
    assert.equal(answer.code, '42501');
    assert.match(answer.message, /refused it: Not the second\.$/);
    assert.equal((await target.query("select from kept where word = 'several'")).rowCount, 0);
  });

  test('what is not understood is shown as that', async () => {
    await using one = await connected('unknown');
    const { id, answer } = await hold(one.client, "do $$ begin insert into kept values (15, 'block'); end $$");
    const { effect, text } = await desk.one(id, 'dba');
    assert.deepEqual([effect, text], ['unknown', "do $$ begin insert into kept values (15, 'block'); end $$"]);
    await desk.approve(id);
    assert.equal((await answer).tag, 'DO');
  });

  test('a COPY is asked about before its data', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const copying = run('psql', ['-X', '-w', '-c', 'copy kept from stdin'], {
      env: house.environment('copied'),
      input: '16\tcopied\n17\tcopied\n',
    });
    const { id } = await desk.asked('copied');
    await desk.approve(id);
    const { out, err } = await copying;
    assert.equal(out, 'COPY 2\n', err);
    assert.equal((await target.query("select from kept where word = 'copied'")).rowCount, 2);
  });
});

describe('what stands behind a held statement', { timeout: 60_000 }, () => {
  const query = (text: string) => encodeMessage('Q', Buffer.from(`${text}\0`));
  const parse = (text: string) => encodeMessage('P', Buffer.from(`\0${text}\0\0\0`));
  const bind = encodeMessage('B', Buffer.from('\0\0\0\0\0\0\0\0'));
  const execute = encodeMessage('E', Buffer.from('\0\0\0\0\0'));
  const sync = encodeMessage('S', Buffer.alloc(0));

  const open = async (name: string) => {
    const client = await RawClient.dial(house.port);
    client.send(encodeStartup('agent', 'orders', new Map([['application_name', `e2e;run=${name}`]])));
    await client.until('R');
    client.send(encodeMessage('p', Buffer.from(`${house.tokens.agent}\0`)));
    await client.until('Z');
    return client;
  };
  const first = "insert into queue values (1, 'first')";
  const second = 'select count(*) from queue';
  const ways = [
    ['as simple queries', [query(first), query(second)], 'NCZTDCZ'],
    ['in two batches', [parse(first), bind, execute, sync, parse(second), bind, execute, sync], 'N12CZ12DCZ'],
    ['in one batch', [parse(first), bind, execute, parse(second), bind, execute, sync], 'N12C12DCZ'],
  ] as const;
  for (const [index, [name, messages, expected]] of ways.entries())
    test(`waits and keeps its order, ${name}`, async () => {
      using client = await open(`behind-${index}`);
      client.send(...messages);
      const [notice] = await client.until('N');
      assert.equal(await count('queue'), index);
      await desk.approve(idIn(notice?.body.toString() ?? ''));
      const zs = expected.split('Z').length - 1;
      const rest = await client.until('Z', zs);
      assert.equal(`N${rest.map(({ type }) => type).join('')}`, expected);
      assert.equal(await count('queue'), index + 1);
    });

  test('is held by itself, and a no to the first does not answer the second', async () => {
    using client = await open('behind-no');
    client.send(query("insert into queue values (8, 'no')"), query("insert into queue values (9, 'yes')"));
    const [one] = await client.until('N');
    await desk.decide('dba', idIn(one?.body.toString() ?? ''), { decision: 'deny', reason: 'No.' });
    const refused = await client.until('Z');
    assert.equal(refused.map(({ type }) => type).join(''), 'EZ');
    const [two] = await client.until('N');
    await desk.approve(idIn(two?.body.toString() ?? ''));
    assert.equal((await client.until('Z')).map(({ type }) => type).join(''), 'CZ');
    assert.deepEqual((await target.query('select id from queue where id > 7')).rows, [{ id: 9 }]);
  });
});

describe('who waits', { timeout: 60_000 }, () => {
  test('can cancel, which takes the question back, and goes on in the same session', async () => {
    await using one = await connected('cancelled');
    const held = await hold(one.client, "insert into kept values (3, 'cancelled')");
    const { processID, secretKey } = one.client as Client & { processID: number; secretKey: number };
    using canceller = await RawClient.dial(house.port);
    const request = Buffer.alloc(16);
    request.writeUInt32BE(16, 0);
    request.writeUInt32BE(80_877_102, 4);
    request.writeInt32BE(processID, 8);
    request.writeInt32BE(secretKey, 12);
    canceller.send(request);
    const answer = await held.answer;
    assert.equal(answer.code, '42501');
    assert.equal(answer.message, `${because('INSERT on public.kept')} the question was withdrawn.`);
    assert.equal(await desk.until(held.id, 'withdrawn'), 'withdrawn');
    assert.deepEqual(await desk.decide('dba', held.id), [409, 'This was withdrawn. The client took it back, or went away.']);
    assert.equal((await one.client.query('select 1 as one')).rows[0].one, 1);
    assert.equal((await target.query("select from kept where word = 'cancelled'")).rowCount, 0);
  });

  test('takes the question along when it goes away', async () => {
    const client = await house.connect('vanished');
    const held = await hold(client, "insert into kept values (4, 'vanished')");
    (client as Client & { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    assert.equal(await desk.until(held.id, 'withdrawn'), 'withdrawn');
    const [status] = await desk.decide('dba', held.id);
    assert.equal(status, 409);
    const { exchanges } = await house.story('vanished');
    assert.deepEqual(
      exchanges.map(({ verdict, approval }) => [verdict, approval]),
      [['refused', held.id]],
    );
  });

  test('in psql is told at once, and Ctrl-C takes the question back', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const env = { ...process.env, ...house.environment('interrupted') };
    const child = spawn('psql', ['-X', '-w', '-c', "insert into kept values (5, 'interrupted')"], { env, stdio: 'pipe' });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    assert.ok(await eventually(() => err.includes('NOTICE')), err);
    const id = idIn(err);
    child.kill('SIGINT');
    assert.equal(await desk.until(id, 'withdrawn'), 'withdrawn');
    assert.ok(await eventually(() => err.includes('the question was withdrawn.')), err);
  });

  test('does not get what another session of its run waits for', async () => {
    await using one = await connected('side-by-side');
    await using two = await connected('side-by-side');
    const statement = "insert into kept values (6, 'side')";
    const first = await hold(one.client, statement);
    const second = await hold(two.client, statement);
    assert.notEqual(first.id, second.id);
    await desk.approve(second.id);
    assert.equal((await second.answer).tag, 'INSERT');
    assert.equal((await desk.one(first.id)).status, 'open');
    await desk.approve(first.id);
    assert.equal((await first.answer).tag, 'INSERT');
    assert.equal((await target.query("select from kept where word = 'side'")).rowCount, 2);
  });
});
