import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { RecordingLine } from '../../src/archive/decoded.ts';
import { blocksOf } from '../structure/markdown.ts';
import { type House, linesOf, openHouse, type Ran, run as start } from './house.ts';

const canary = 'walrus-of-the-north@example.com';
const policies = `@id("all-but-unmask")
permit (principal, action, resource) unless { action == Action::"unmask" };`;

let house: House;
/** The one session's id. */
let session: string;
const keyFile = (name: string) => join(house.folder, name);

before(async () => {
  const identities = {
    olga: await generateX25519Identity(),
    quentin: await generateHybridIdentity(),
    mallory: await generateX25519Identity(),
  };
  const recipients = await Promise.all([identities.olga, identities.quentin].map(identityToRecipient));
  const masking = {
    columns: ['email', 'pin'].map((column) => ({ column: `orders:public.herd.${column}`, action: 'redact' })),
    originals: { recipients },
  };
  house = await openHouse({ policies, masking });
  for (const [name, identity] of Object.entries(identities)) await writeFile(keyFile(name), `# ${name}\n${identity}\n`, { mode: 0o600 });
  const direct = await house.database.direct();
  for (const statement of [
    'create table herd (id int primary key, name text, email text, pin int)',
    `insert into herd select n, 'beast ' || n, n || '-${canary}', 60718293 + n from generate_series(1, 2000) n`,
    'grant all on herd to public',
  ])
    await direct.query(statement);
  await direct.end();
  session = await speak();
});
after(() => house[Symbol.asyncDispose]());

/** Everything that a client can be told masked values in. */
async function speak(): Promise<string> {
  const statements = [
    'select id, name, email, pin from herd order by id',
    'copy (select id, email from herd order by id limit 3) to stdout csv',
    'copy herd to stdout',
    'select email::int from herd where id = 7',
    'insert into herd select id, name, email, pin from herd where id = 9',
    'select count(*) from herd',
  ];
  const asked = statements.flatMap((statement) => ['-c', statement]);
  await start('psql', ['-X', ...asked], { env: house.environment('sealed') });
  const client = await house.connect('binary');
  const query = { text: 'select pin, email from herd where id = 5', rowMode: 'array' as const, binary: true };
  const { rows } = await client.query(query);
  assert.deepEqual(rows, [[0, '[redacted:email]']]);
  await client.end();
  await house.over('binary');
  return (await house.story('sealed')).session.id;
}

const exported = (key: string | null, of = session, ...more: readonly string[]): Promise<Ran> =>
  house.cli('auditor', 'export', of, '--format', 'ndjson', ...(key === null ? [] : ['--identity', keyFile(key)]), ...more);
const offline = ['--state', 'state'] as const;

/** The rows of an exchange's answer, as they are shown. */
function rowsOf(lines: readonly RecordingLine[], exchange: number): (string | null)[][] {
  const parts = lines.flatMap((line) =>
    line.kind === 'bytes' && line.exchange === exchange && line.direction === 'reply' ? line.parts : [],
  );
  return parts.flatMap((part) => (part.shape === 'rows' ? part.rows.map((row) => [...row]) : []));
}

describe('originals sealed to auditors', () => {
  test('are in no answer of the API and in no export without the key', async () => {
    const { out } = await exported(null);
    assert.ok(!out.includes(canary));
    assert.ok(!(await exported(null, session, ...offline)).out.includes(canary));
    const lines = linesOf(out);
    assert.deepEqual(rowsOf(lines, 1)[41], ['42', 'beast 42', '[redacted:email]', '0']);
    assert.equal(lines.filter(({ kind }) => kind === 'key').length, 1);
    const sealed = lines.find(({ kind }) => kind === 'sealed') ?? {};
    assert.deepEqual(Object.keys(sealed), ['sequence', 'at', 'exchange', 'kind', 'direction']);
  });

  for (const name of ['olga', 'quentin'])
    test(`are shown in their place with the key of ${name}, offline`, async () => {
      const { code, out, err } = await exported(name, session, ...offline);
      assert.equal(code, 0, err);
      assert.match(err, /\d+ sealed originals opened; what is shown is not masked/);
      const rows = rowsOf(linesOf(out), 1);
      assert.equal(rows.length, 2000);
      assert.deepEqual(rows[41], ['42', 'beast 42', `42-${canary}`, '60718335']);
      assert.ok(out.includes(`3-${canary}`), 'a copy');
      assert.ok(out.includes(`invalid input syntax for type integer: \\"7-${canary}\\"`), 'an error');
      // The outcome's own words stay masked: they are no bytes of the target's.
      assert.ok(!linesOf(out).some((line) => line.kind === 'bytes' && JSON.stringify(line).includes('[redacted')));
    });

  test('are shown to an auditor through the API, sealed on the way, and that is on the trail', async () => {
    const { code, out, err } = await exported('olga');
    assert.equal(code, 0, err);
    assert.equal(out, (await exported('olga', session, ...offline)).out);
    const trail = JSON.parse(await house.read('auditor', `/api/v1/audit?event=originals.read&session=${session}`)) as {
      items: { actor: string; detail: object }[];
    };
    assert.deepEqual(
      trail.items.map(({ actor }) => actor.split(' ')[0]),
      ['olga'],
    );
    const sealed = await house.read('auditor', `/api/v1/sessions/${session}/originals`);
    assert.ok(sealed.includes('[redacted:email]') && !sealed.includes(canary));
  });

  test('leave the gateway for no other role', async () => {
    for (const person of ['admin', 'engineer', 'agent', 'colleague'] as const) {
      const { code, out, err } = await house.cli(person, 'export', session, '--format', 'ndjson', '--identity', keyFile('olga'));
      assert.equal(code, 1, person);
      assert.equal(out, '');
      assert.match(err, /This is for the console role auditor only|There is no session/);
    }
  });

  test('are those of binary values, too', async () => {
    const { session: binary } = await house.story('binary');
    assert.deepEqual(rowsOf(linesOf((await exported('olga', binary.id, ...offline)).out), 1), [['60718298', `5-${canary}`]]);
  });

  test('are what the documented commands show', async () => {
    const document = await readFile(join(import.meta.dirname, '../../docs/masking.md'), 'utf8');
    const commands = blocksOf(document).find(({ run }) => run?.endsWith('originals.test.ts'))?.text ?? '';
    const [replay = [], exporting = []] = commands
      .replaceAll('$SESSION', session)
      .replaceAll('auditor.key', 'olga')
      .split('\n')
      .map((line) => line.split(' ').slice(1));
    const played = await house.cli('auditor', ...replay, '--rows', 'all');
    assert.match(played.out, new RegExp(`42-${canary}`));
    assert.match(played.out, /masked email ×2000 \(columns\[0\]\), here as the target said it/);
    assert.match(played.err, /what is shown is not masked/);
    await house.cli('auditor', ...exporting);
    assert.ok((await readFile(join(house.folder, 'session.ndjson'), 'utf8')).includes(canary));
  });

  test('are whole where the gateway was killed', async () => {
    const client = await house.connect('killed');
    await client.query('select email from herd where id = 11');
    await house.restart('SIGKILL');
    await client.end().catch(() => null);
    const { session: killed } = await house.story('killed');
    assert.equal(killed.status, 'interrupted');
    const { out, err } = await exported('quentin', killed.id, ...offline);
    assert.match(err, /1 sealed original opened/);
    assert.deepEqual(rowsOf(linesOf(out), 1), [[`11-${canary}`]]);
    assert.ok(!(await exported(null, killed.id, ...offline)).out.includes(canary));
  });

  test('stay closed to any other key', async () => {
    const { code, out, err } = await exported('mallory', session, ...offline);
    assert.equal(code, 2);
    assert.ok(!out.includes(canary));
    assert.match(err, /The identity does not open the originals of this session: they are sealed to age1/);
  });
});
