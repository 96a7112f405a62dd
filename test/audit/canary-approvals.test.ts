import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { type Receiver, startReceiver } from '../../src/stages/approvals/testing.ts';
import { Desk, hold } from '../e2e/asking.ts';
import { eventually } from '../e2e/demonstration.ts';
import { type House, openHouse, run } from '../e2e/house.ts';
import { find, type Haystack, type Needle, textNeedle } from '../e2e/secret-forms.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { canaries, needles, sampleStatements } from './canary/sample.ts';
import { filesIn } from './canary/state-files.ts';

const everything = '[Action::"read", Action::"write", Action::"schema", Action::"admin", Action::"unknown", Action::"connect"]';
const policies = `
@id("all-but-unmask") permit (principal, action in ${everything}, resource);
@id("changes-need-dba") @approval("dba") @reason("Changes need a DBA.")
forbid (principal in Group::"engineering", action in [Action::"write", Action::"schema", Action::"admin", Action::"unknown"], resource);`;
const masking = {
  columns: canaries.flatMap(({ column, action }) =>
    ['people', 'staff'].map((table) => ({ column: `orders:public.${table}.${column}`, action })),
  ),
  detectors: [{ detect: ['card'], connections: ['orders'], action: 'redact' }],
};
/** What the client itself writes, and nobody outside needs to see. */
const written = '5555 5555 5555 4444';

/** Statements that wait for people, each in a way that brings a masked value near to what these are told. */
const held: readonly (readonly [statement: string, values?: readonly string[]])[] = [
  ['delete from staff where id in (select generate_series(1, pin_of(1)))'],
  ['delete from staff where id in (select generate_series(1, x) from guessed)'],
  ['delete from staff where id = complain(1)'],
  ['delete from staff where id = whisper(1)'],
  ['delete from staff where title = title_of(1) and pin = pin_of(2)'],
  ['update people set name = name where id = 1 returning *'],
  ['insert into staff select * from people returning email, phone, to_json(staff)'],
  ['update people set pin = email::int'],
  ['create table copy_of_people as select id, email from people'],
  ['with gone as (delete from staff returning email) select gone.email, people.phone from gone, people'],
  ['delete from staff where email = (select email from people where id = 2)'],
  ["explain (analyze, costs off) update people set name = upper(name) where email > 'a'"],
  ["do $$ begin raise exception '%', (select email from people limit 1); end $$"],
  ["do $$ begin raise warning '%', (select phone from people limit 1) using hint = 'x'; end $$"],
  ["select query_to_xml('select email from people', true, false, '')"],
  ['alter table staff add check (pin > 5), add check (pin < 7)'],
  [`insert into letters values ('paid by ${written}')`],
  ['insert into letters values ($1)', [`paid by ${written}, thanks`]],
];

const program = resolve(import.meta.dirname, '../../bin/chaperone.js');
const secrets = { HOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`, SLACK_SIGNING: 'x'.repeat(32), SLACK_TOKEN: 'xoxb-1' };

let house: House;
let tap: Tap;
let desk: Desk;
let hook: Receiver;
let slack: Receiver;
const notices: string[] = [];

before(async () => {
  hook = await startReceiver(() => ({ status: 204 }));
  slack = await startReceiver(() => ({ body: { ok: true, channel: 'C0DEPLOYS', ts: '1764108000.000100' } }));
  const person = { slack: 'U0INES', issuer: 'https://login.example.test', subject: 'ines', groups: ['dba'] };
  const channel = { token: { env: 'SLACK_TOKEN' }, signingSecret: { env: 'SLACK_SIGNING' }, channel: 'C0DEPLOYS', people: [person] };
  const notify = [{ webhook: `${hook.url}/hook`, secret: { env: 'HOOK_SECRET' } }, { slack: { ...channel, api: slack.url } }];
  house = await openHouse({ policies, masking, approvals: { notify }, env: secrets });
  desk = new Desk(house);
  tap = await startTap(house.port);
  const direct = await house.database.direct();
  for (const statement of [...sampleStatements(), ...more]) await direct.query(statement);
  await direct.end();
});
after(async () => {
  await tap?.close();
  await house?.[Symbol.asyncDispose]();
  await hook?.[Symbol.asyncDispose]();
  await slack?.[Symbol.asyncDispose]();
});

const more: readonly string[] = [
  'create table letters (text text)',
  "create function pin_of(who int) returns int language sql stable as 'select pin from people where id = who'",
  "create function title_of(who int) returns text language sql stable as 'select title::text from people where id = who'",
  'create view guessed as select pin_of(2) as x',
  'insert into staff select * from people',
  'analyze staff',
];

async function through(): Promise<Client> {
  const client = await house.connect('canary', { port: tap.port });
  client.on('notice', ({ message, detail, hint }) => notices.push([message, detail, hint].join('\n')));
  return client;
}

describe('what people are told of statements that wait', { timeout: 120_000 }, () => {
  const haystacks: Haystack[] = [];
  const add = (where: string, content: Buffer | string) => haystacks.push({ where, bytes: Buffer.from(content) });
  const ids: string[] = [];

  before(async () => {
    for (const [index, [text, values = []]] of held.entries()) {
      const client = await through();
      const { id, answer } = await hold(client, values.length === 0 ? text : { text, values: [...values] });
      ids.push(id);
      // Approved, they would count to two billion.
      if (text.includes('generate_series')) {
        const denied = await house.cli('dba', 'deny', id, '--reason', 'Not now.');
        add('what deny said', denied.out + denied.err);
      } else if (index % 5 === 4) {
        const misread = await house.cli('dba', 'approve', id, '--read-back', 'nothing');
        const approved = await house.cli('dba', 'approve', id);
        assert.equal(approved.code, 0, approved.err);
        add('what approve said', [misread, approved].map(({ out, err }) => `${out}${err}`).join('\n'));
      } else await desk.approve(id);
      add('how it ended', JSON.stringify(await answer));
      await client.end();
    }
    await look();
  });

  async function look(): Promise<void> {
    assert.ok(await eventually(() => hook.received.length >= 2 * held.length && slack.received.length >= held.length));
    for (const { body } of hook.received) add('a webhook', body);
    for (const { body } of slack.received) add('Slack', body);
    for (const notice of notices) add('a notice', notice);
    for (const [index, { reply }] of tap.lines().entries()) add(`what client ${index} was sent`, reply);
    for (const person of ['dba', 'engineer', 'auditor'] as const) {
      add(`the list of the ${person}`, await house.read(person, '/api/v1/approvals?limit=1000'));
      for (const id of ids) add(`an approval for the ${person}`, await house.read(person, `/api/v1/approvals/${id}`));
      const { out, err } = await house.cli(person, 'approvals', '--json');
      add(`the command line of the ${person}`, out + err);
    }
    add('the trail', await house.read('auditor', '/api/v1/audit?limit=1000'));
    add('policy test', await tested());
    add('what the gateway logged', house.gateway.stderr() + house.gateway.stdout());
    await house.gateway.stop();
    for await (const file of filesIn(house.state)) haystacks.push(file);
  }

  /** What would change if nobody were asked any more: everything that waited. */
  async function tested(): Promise<string> {
    const proposed = join(house.folder, 'proposed');
    await mkdir(proposed);
    await writeFile(join(proposed, 'all.cedar'), '@id("all") permit (principal, action, resource);');
    const words = ['policy', 'test', '--config', join(house.folder, 'chaperone.yaml'), '--policies', proposed, '--connection', 'orders'];
    const env = { ...secrets, ORDERS_PASSWORD: house.database.password, CHAPERONE_TOKEN: house.tokens.auditor };
    const { out, err } = await run(process.execPath, [program, ...words, '--server', house.gateway.console], { env });
    assert.match(out, /permitted, was asked/, err);
    return out + err;
  }

  const places = (needle: Needle) => [...new Set(find([needle], haystacks).map((place) => place.split(' in ').slice(1).join(' in ')))];

  test('the scan finds what is there', () => {
    const found = places(textNeedle('a control', 'explain (analyze')).join('\n');
    for (const place of ['a webhook', 'Slack', 'list of the dba', 'for the engineer', 'command line', 'policy test', 'approvals.db'])
      assert.ok(found.includes(place), `nothing in ${place}: ${found}`);
  });

  test('no masked value is anywhere', () => assert.deepEqual(find(needles() as Needle[], haystacks).slice(0, 20), []));

  test('nor does anybody’s estimate tell one', async () => {
    const estimates = haystacks.flatMap(({ where, bytes }) =>
      where === 'a webhook' ? [(JSON.parse(bytes.toString()) as { data: { text: string; estimate: number | null } }).data] : [],
    );
    for (const { text, estimate } of estimates) if (/pin_of|guessed|complain|whisper/.test(text)) assert.equal(estimate, null, text);
    assert.ok(estimates.some(({ estimate }) => estimate !== null));
  });

  test('what the client has written and detectors find stays in the house', () => {
    const found = places(textNeedle('written', written));
    assert.deepEqual(
      found.filter((place) => /webhook|Slack/.test(place)),
      [],
    );
    for (const place of ['for the dba', 'list of the dba', 'command line of the dba'])
      assert.ok(
        found.some((where) => where.includes(place)),
        place,
      );
    const bodies = haystacks.flatMap(({ where, bytes }) => (/^(a webhook|Slack)$/.test(where) ? [bytes.toString()] : []));
    assert.ok(bodies.some((body) => body.includes('paid by [redacted:card], thanks')));
    assert.ok(bodies.some((body) => body.includes('without what is masked')));
  });
});
