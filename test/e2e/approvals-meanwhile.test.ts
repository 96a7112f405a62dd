import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client, ClientConfig } from 'pg';
import { Desk, hold, idIn, policies, told } from './asking.ts';
import { type House, openHouse } from './house.ts';

let house: House;
let desk: Desk;
/** Connects past the gateway, and changes what names mean there. */
let target: Client;

const nobodyUnmasks = '@id("masked") forbid (principal, action == Action::"unmask", resource);';
const masking = { columns: [{ column: 'orders:public.people.secret', action: 'redact' }] };

before(async () => {
  house = await openHouse({ policies: `${policies}\n${nobodyUnmasks}`, masking });
  desk = new Desk(house);
  target = await house.database.direct();
  await target.query('create table people (name text, secret text); create table others (name text); create table kept (word text)');
  for (const name of ['ridden', 'shown', 'beside', 'later']) await seen(name, 'select name from people');
  await target.query("insert into people values ('ann', 'hunter2'); insert into others values ('from others')");
});
after(async () => {
  await target?.end();
  await house?.[Symbol.asyncDispose]();
});

async function connected(name: string, options: ClientConfig = {}) {
  const client = await house.connect(name, options);
  return { client, [Symbol.asyncDispose]: () => client.end().catch(() => {}) };
}

/** A view that the test replaces while people are asked. */
const seen = (name: string, query: string) => target.query(`create or replace view ${name} as ${query}`);

describe('what changes at the target while people are asked', { timeout: 60_000 }, () => {
  test('a view that reads another table does not ride on the approval', async () => {
    await using one = await connected('ridden');
    const statement = 'insert into kept select name from ridden';
    const held = await hold(one.client, statement);
    await seen('ridden', 'select name from others');
    await desk.approve(held.id);
    const answer = await held.answer;
    assert.equal(answer.code, '42501');
    assert.match(answer.message, /^INSERT on public\.kept needs approval .*, and what it does has changed while this waited\.$/);
    assert.match(answer.hint, /^Send it again/);
    await desk.until(held.id, 'withdrawn');
    const { ended, demands } = await desk.one(held.id);
    assert.equal(ended, 'What it does has changed since.');
    assert.ok(demands.some(({ object }) => object?.name === 'public.people'));
    assert.equal((await target.query('select from kept')).rowCount, 0);
    const again = await hold(one.client, statement);
    assert.notEqual(again.id, held.id);
    assert.ok((await desk.one(again.id)).demands.some(({ object }) => object?.name === 'public.others'));
    await desk.approve(again.id);
    assert.equal((await again.answer).tag, 'INSERT');
    assert.deepEqual((await target.query('select word from kept')).rows, [{ word: 'from others' }]);
  });

  test('what changes nothing of the statement does not spend the approval', async () => {
    await using one = await connected('unrelated');
    const held = await hold(one.client, "insert into kept values ('unrelated')");
    await target.query('create table unrelated ()');
    await desk.approve(held.id);
    assert.equal((await held.answer).tag, 'INSERT');
  });

  test('a column that shows a masked one by then is masked', async () => {
    await using one = await connected('shown');
    const statement = "with made as (insert into kept values ('shown') returning word) select s.name from shown s, made";
    const noticed = new Promise<string>((resolve) => one.client.once('notice', ({ message }) => resolve(message ?? '')));
    const answer = one.client.query(statement);
    const id = idIn(await noticed);
    await seen('shown', 'select secret as name from people');
    await desk.approve(id);
    assert.deepEqual((await answer).rows, [{ name: '[redacted:secret]' }]);
  });

  test('nor is a statement sent that waited behind another of its text and reads something else by then', async () => {
    await using one = await connected('beside');
    const held = await hold(one.client, "select name from beside; insert into kept values ('beside')");
    await seen('beside', 'select name from others');
    await desk.approve(held.id);
    const answer = await held.answer;
    assert.deepEqual(
      [answer.code, answer.message],
      ['42501', 'What the statement does has changed while another of the same text waited for approval, so nothing was sent.'],
    );
    assert.equal((await target.query("select from kept where word = 'beside'")).rowCount, 0);
    assert.equal((await told(one.client.query('select name from beside'))).tag, 'SELECT');
  });

  test('where the catalog cannot be read again nothing passes by the approval, and nobody else is held up', async () => {
    await using one = await connected('blind');
    await using other = await connected('sees');
    const held = await hold(one.client, 'insert into kept select name from people');
    assert.equal((await told(other.client.query('select name from people'))).tag, 'SELECT');
    const restore = await house.database.authenticate(['host all shop_app all reject']);
    try {
      await desk.approve(held.id);
      const answer = await held.answer;
      assert.equal(answer.code, '42501');
      assert.match(answer.message, /, and what it does has changed while this waited\.$/);
      assert.equal((await told(other.client.query('select name from people'))).tag, 'SELECT');
    } finally {
      await restore();
    }
  });

  test('an approval that was given before does not cover what the statement does by then', async () => {
    await house.restart('SIGTERM', { approvals: { wait: 0 } });
    await using one = await connected('later');
    const statement = 'insert into kept select name from later';
    const asked = await told(one.client.query(statement));
    await desk.approve(idIn(asked.message));
    await seen('later', 'select name from others');
    const answer = await told(one.client.query(statement));
    assert.equal(answer.code, '42501');
    // On a slow machine the catalog may have been looked at again meanwhile; people are then asked anew at once.
    assert.match(answer.message, /, and (what it does has changed while this waited|nobody has answered yet \(approval .*\))\.$/);
    const { rows } = await target.query('select count(*)::int as written from kept where word in (select name from people)');
    assert.deepEqual(rows, [{ written: 0 }]);
  });
});
