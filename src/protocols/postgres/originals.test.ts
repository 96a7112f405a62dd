import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Auditor, makeAuditor } from '../../../test/rig/auditor.ts';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import type { Entry } from '../../core/entry.ts';
import { message } from './testing/fixtures.ts';
import { RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, sharedServer } from './testing/shared-server.ts';

const canary = 'ibex@example.com';

/** What a client says, how many times the target is then ready, and what must be in what it answered. */
const cases: readonly (readonly [name: string, said: readonly Buffer[], readies: number, told: string])[] = [
  ['rows', [message.query('select id, email from goats order by id')], 1, `1-${canary}`],
  ['several results', [message.query("select 1; select email from goats where id = 2; select 'x'")], 1, `2-${canary}`],
  ['a copy', [message.query('copy goats to stdout')], 1, `3-${canary}`],
  ['a copy as csv', [message.query('copy (select email from goats) to stdout csv')], 1, `4-${canary}`],
  ['an error', [message.query('select email::int from goats where id = 5')], 1, `5-${canary}`],
  ['a notice', [message.query("do $$ begin raise notice 'is %', (select email from goats where id = 6); end $$")], 1, `6-${canary}`],
  [
    'a notification',
    [message.query('listen news'), message.query("select pg_notify('news', email) from goats where id = 7"), message.query('select 1')],
    3,
    `7-${canary}`,
  ],
  ['a setting', [message.query("select set_config('application_name', email, false) from goats where id = 8")], 1, `8-${canary}`],
];

const repliesOf = (entries: readonly Entry[]) =>
  Buffer.concat(entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === 'reply' ? [entry.bytes] : [])));

describe('what masking replaced', () => {
  let auditor: Auditor;
  let plane: DataPlane;
  /** The same, where nothing is masked. */
  let plain: DataPlane;
  before(async () => {
    const server = await sharedServer();
    await server.run(
      'drop table if exists goats',
      'create table goats (id int, email text)',
      `insert into goats select n, n || '-${canary}' from generate_series(1, 500) n`,
      'grant all on goats to shop_app',
    );
    auditor = await makeAuditor();
    const masking = {
      columns: [{ column: 'orders:public.goats.email', action: 'redact' }],
      originals: { recipients: [auditor.recipient] },
    };
    [plane, plain] = await Promise.all([planeBeforeServer({ masking }), planeBeforeServer({})]);
  });
  after(() => Promise.all([plane.close(), plain.close()]));

  for (const manner of ['whole', 'bytewise'] as const)
    for (const [name, said, readies, told] of cases)
      test(`is sealed byte for byte: ${name} (${manner})`, async () => {
        // One after the other: whoever listens hears what the other is told.
        const masked = await converse(plane, said, readies, manner);
        const direct = await converse(plain, said, readies, 'whole');
        assert.ok(!repliesOf(masked).includes(told));
        assert.ok(masked.every((entry) => entry.kind !== 'sealed' || !Buffer.from(entry.bytes).includes(told)));
        const opened = sayings(await auditor.open(masked));
        assert.deepEqual(opened, sayings(direct));
        assert.ok(opened.join('').includes(told));
      });
});

test('no session begins whose originals cannot be sealed', async () => {
  const masking = { columns: [{ column: 'orders:public.goats.email', action: 'redact' }], originals: { recipients: ['age1nobody'] } };
  await using plane = await planeBeforeServer({ masking });
  await assert.rejects(RawClient.open(plane));
  const entries = await plane.settled();
  assert.ok(entries.every(({ kind }) => kind !== 'bytes' && kind !== 'exchange'));
  await using unmasked = await planeBeforeServer({
    masking: { ...masking, columns: [{ column: 'others:public.goats.email', action: 'redact' }] },
  });
  using client = await RawClient.open(unmasked);
  client.send(message.terminate());
  await client.rest();
});

/** What one session put on record. */
async function converse(plane: DataPlane, said: readonly Buffer[], readies: number, manner: 'whole' | 'bytewise'): Promise<Entry[]> {
  const earlier = new Set(plane.entries().map(({ session }) => session));
  using client = await RawClient.open(plane);
  if (manner === 'whole') client.send(...said);
  else for (const byte of Buffer.concat(said)) client.send(Buffer.from([byte]));
  const heard = await client.until('Z', readies);
  // PostgreSQL may tell it between any two answers, and behind the last.
  if (Buffer.concat(said).includes('pg_notify') && !heard.some(({ type }) => type === 'A')) await client.until('A');
  client.send(message.terminate());
  await client.rest();
  return (await plane.settled()).filter(({ session }) => !earlier.has(session));
}

/** What was answered, message by message, and behind it what no exchange asked for; of which the gateway's own questions are nothing here. */
function sayings(entries: readonly Entry[]): string[] {
  const answered = messagesIn(repliesOf(entries.filter(({ exchange }) => exchange > 0)));
  const unasked = messagesIn(repliesOf(entries.filter(({ exchange }) => exchange === 0))).filter((said) => said.startsWith('A'));
  return [...answered, ...unasked];
}

/** Without the number of the server's process, which differs. */
function messagesIn(bytes: Buffer): string[] {
  const said: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    const type = String.fromCharCode(bytes[at] ?? 0);
    said.push(`${type} ${bytes.toString('latin1', at + (type === 'A' ? 9 : 5), end)}`);
    at = end;
  }
  return said;
}
