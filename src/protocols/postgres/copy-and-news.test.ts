import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertSound } from '../../../test/conformance/trial.ts';
import { type DataPlane, everybody } from '../../../test/rig/data-plane.ts';
import { permit, refuse } from '../../core/verdict.ts';
import { run } from './testing/batches.ts';
import { message } from './testing/fixtures.ts';
import { leaveSoundly } from './testing/leave-soundly.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { planeBeforeServer, sharedServer } from './testing/shared-server.ts';
import { endOf, summary, told } from './testing/told.ts';

const { query, parse, bind, execute, sync, flush, terminate, copyData, copyDone, copyFail } = message;
const refusal = refuse('ACCESS_REFUSED', 'Not this.', 'Something else.');
const table = query('create temp table t (n int, s text)');

describe('copies and news', () => {
  let plane: DataPlane;
  before(async () => {
    plane = await planeBeforeServer({
      judge: (_circumstance, { text }) => (text.includes('forbidden') ? Promise.resolve(refusal) : everybody),
    });
  });
  after(() => plane.close());

  const leave = (client: RawClient) => leaveSoundly(client, plane);

  const cases: readonly {
    readonly name: string;
    readonly says: readonly (readonly Buffer[])[];
    readonly hears: readonly string[];
    readonly record: readonly string[];
  }[] = [
    {
      name: 'COPY in, all in one write',
      says: [[query('copy t from stdin'), copyData('1\ta\n2\t'), copyData('b\n'), copyDone(), query('select count(*) from t')]],
      hears: ['G C Z T D C Z'],
      record: ['copy t from stdin → ok COPY 2', 'select count(*) from t → ok SELECT 1'],
    },
    {
      name: 'COPY in, waited for, and broken off',
      says: [[query('copy t from stdin')], [copyData('1\ta\n'), copyFail('no more')], [query('select count(*) from t')]],
      hears: ['G', 'E:57014 Z', 'T D C Z'],
      record: ['copy t from stdin → error 57014', 'select count(*) from t → ok SELECT 1'],
    },
    {
      name: 'COPY in that fails while data still comes',
      says: [[query('copy t from stdin')], [copyData('x\ty\n'), copyData('1\ta\n'), copyDone(), query('select 1')]],
      hears: ['G', 'E:22P02 Z T D C Z'],
      record: ['copy t from stdin → error 22P02', 'select 1 → ok SELECT 1'],
    },
    {
      name: 'COPY out, and a row after it',
      says: [[query('copy (select generate_series(1, 3)) to stdout; select 4')]],
      hears: ['H d d d c C T D C Z'],
      record: ['copy (select generate_series(1, 3)) to stdout → ok COPY 3', 'select 4 → ok SELECT 1'],
    },
    {
      name: 'two COPY in in one string',
      says: [
        [query("copy t from stdin; select 'between'; copy t from stdin")],
        [copyData('1\ta\n'), copyDone()],
        [copyData('2\tb\n'), copyDone()],
      ],
      hears: ['G', 'C T D C G', 'C Z'],
      record: ['copy t from stdin → ok COPY 1', "select 'between' → ok SELECT 1", 'copy t from stdin → ok COPY 1'],
    },
    {
      name: 'COPY by the extended protocol',
      says: [[parse('', 'copy t from stdin'), bind('', ''), execute(''), copyData('1\ta\n'), copyDone(), sync()]],
      hears: ['1 2 G C Z'],
      record: ['copy t from stdin → ok COPY 1'],
    },
    {
      name: 'COPY by the extended protocol as libpq does it: the Sync before the data is dropped',
      says: [
        [parse('', 'copy t from stdin'), bind('', ''), execute(''), sync()],
        [copyData('1\ta\n'), copyDone(), sync()],
        [query('select 1')],
      ],
      hears: ['1 2 G', 'C Z', 'T D C Z'],
      record: ['copy t from stdin → ok COPY 1', 'select 1 → ok SELECT 1'],
    },
    {
      name: 'the same, with a Sync in the middle of the data',
      says: [
        [parse('', 'copy t from stdin'), bind('', ''), execute(''), sync()],
        [copyData('1\ta\n'), sync(), copyData('2\tb\n')],
        [copyDone(), sync(), query('select 1')],
      ],
      hears: ['1 2 G', '', 'C Z T D C Z'],
      record: ['copy t from stdin → ok COPY 2', 'select 1 → ok SELECT 1'],
    },
    {
      name: 'the same, all in one write',
      says: [
        [parse('', 'copy t from stdin'), bind('', ''), execute(''), sync(), copyData('1\ta\n'), copyDone(), sync(), query('select 1')],
      ],
      hears: ['1 2 G C Z T D C Z'],
      record: ['copy t from stdin → ok COPY 1', 'select 1 → ok SELECT 1'],
    },
    {
      name: 'COPY out by the extended protocol with Flush',
      says: [[parse('', 'copy (select 1) to stdout'), bind('', ''), execute(''), flush()], [sync()]],
      hears: ['1 2 H d c C', 'Z'],
      record: ['copy (select 1) to stdout → ok COPY 1'],
    },
    {
      name: 'copy data without a copy is dropped by the server',
      says: [[copyData('1\ta\n'), copyDone(), query('select 1')]],
      hears: ['T D C Z'],
      record: ['select 1 → ok SELECT 1'],
    },
    {
      name: 'notices belong to the statement that caused them',
      says: [[query("do $$ begin raise notice 'one'; end $$; do $$ begin raise notice 'two'; end $$")]],
      hears: ['N:00000 C N:00000 C Z'],
      record: ["do $$ begin raise notice 'one'; end $$ → ok DO", "do $$ begin raise notice 'two'; end $$ → ok DO"],
    },
  ];

  for (const { name, says, hears, record } of cases)
    test(name, async () => {
      using client = await RawClient.open(plane);
      client.send(table);
      await client.until('Z');
      for (const [index, messages] of says.entries()) {
        client.send(...messages);
        if (hears[index] === '') continue;
        const words = hears[index]?.split(' ') ?? [];
        const last = words.at(-1)?.slice(0, 1) ?? 'Z';
        const heard = await client.until(last, words.filter((word) => word.startsWith(last)).length);
        assert.equal(describeMessages(heard), hears[index]);
      }
      const entries = await leave(client);
      assert.deepEqual(summary(entries).slice(1), record);
    });

  test('what was copied stands in its own exchange', async () => {
    using client = await RawClient.open(plane);
    client.send(table, query('copy t from stdin'), copyData('1\tsecret-word\n'), copyDone(), query('copy t to stdout'));
    await client.until('Z', 3);
    const [, copyIn, copyOut] = told(await leave(client));
    assert.ok(copyIn?.request.includes('secret-word'));
    assert.ok(copyOut?.reply.includes('secret-word') && !copyOut.request.includes('secret-word'));
  });

  test('data for a COPY that was refused goes nowhere', async () => {
    using client = await RawClient.open(plane);
    client.send(table, query('copy t from stdin -- forbidden'), copyData('1\ta\n'), copyDone(), query('select count(*) from t'));
    const heard = await client.until('Z', 3);
    assert.equal(describeMessages(heard), 'C Z E:42501 Z T D C Z');
    assert.ok(heard.some(({ type, body }) => type === 'D' && body.toString('utf8', 6) === '0'));
    await leave(client);
  });

  test('notifications arrive while idle and in the middle of work, and are the session’s own', async () => {
    using client = await RawClient.open(plane);
    client.send(query('listen news'));
    await client.until('Z');
    const server = await sharedServer();
    await server.run("notify news, 'while idle'");
    const [idle] = await client.until('A');
    assert.ok(idle?.body.includes('while idle'));
    client.send(query("notify news, 'of one’s own'"));
    assert.equal(describeMessages(await client.until('Z')), 'C A Z');
    const entries = await leave(client);
    const news = entries.filter(
      (entry) => entry.kind === 'bytes' && entry.exchange === 0 && Buffer.from(entry.bytes).includes('while idle'),
    );
    assert.equal(news.length, 1);
    assert.deepEqual(summary(entries), ['listen news → ok LISTEN', "notify news, 'of one’s own' → ok NOTIFY"]);
  });

  for (const encoding of ['SJIS', 'GBK', 'BIG5'])
    test(`a client encoding that hides statements ends the session: ${encoding}`, async () => {
      using client = await RawClient.open(plane);
      client.send(query(`set client_encoding = '${encoding}'`));
      const heard = await client.rest();
      assert.match(describeMessages(heard), /E:08P01$/);
    });

  for (const [name, behind] of [
    ['a simple query', query('select 1 -- größe')],
    ['a Parse', parse('', 'select 1 -- größe')],
    ['a Parse in the middle of its batch', Buffer.concat([parse('x', 'select 1'), parse('', 'select 1 -- größe')])],
  ] as const)
    test(`nothing that the new encoding could change is sent behind it: ${name}`, async () => {
      using client = await RawClient.open(plane);
      client.send(query("select set_config('client_' || 'encoding', 'SJIS', false)"), behind, sync());
      await client.rest();
      const id = plane.opened.at(-1)?.facts.id;
      const sent = (await plane.settled()).flatMap((entry) =>
        entry.session === id && entry.kind === 'bytes' && entry.direction === 'request' ? [entry.bytes] : [],
      );
      assert.ok(!Buffer.concat(sent).includes('größe'));
    });

  const setSjis = run("select set_config('client_' || 'encoding', 'SJIS', false)");
  for (const [name, says] of [
    ['behind Execute', [...setSjis, ...run("select 'größe'"), sync()]],
    ['in a Query', [...setSjis, query("select 'größe'")]],
    ['behind another text', [...run("select 'größe'"), ...setSjis, ...run("select 'größe' as two"), sync()]],
    ['behind a transaction that begins', [...run('begin'), ...setSjis, ...run("select 'größe'"), sync()]],
  ] as const)
    test(`nothing that the new encoding could change is sent behind it within its batch: ${name}`, async () => {
      using client = await RawClient.open(plane);
      client.send(...says);
      assert.match(describeMessages(await client.rest()), / E:08P01$/);
      const id = plane.opened.at(-1)?.facts.id;
      const entries = (await plane.settled()).filter(({ session }) => session === id);
      assertSound(entries);
      const sent = Buffer.concat(
        entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === 'request' ? [entry.bytes] : [])),
      );
      assert.equal(sent.toString().split('größe').length - 1, name === 'behind another text' ? 1 : 0);
    });

  const beyond = "select 'größe'";
  for (const [name, says, hears, questions] of [
    ['many in a batch', [...run(beyond), ...run(beyond), ...run(beyond), sync()], '1 2 T D C 1 2 T D C 1 2 T D C Z', 2],
    ['behind BEGIN', [...run('BEGIN ISOLATION LEVEL SERIALIZABLE'), ...run(beyond), sync()], '1 2 n C 1 2 T D C Z', 0],
    ['prepared only', [parse('a', beyond), parse('b', beyond), sync(), ...run(beyond), sync()], '1 1 Z 1 2 T D C Z', 0],
    [
      'behind an error',
      [...run('select 1/0'), ...run(beyond), query(beyond), sync(), ...run(beyond), sync()],
      '1 E:22012 Z 1 2 T D C Z',
      1,
    ],
    ['behind a Query', [...run('select 1'), query('select 2'), ...run(beyond), sync()], '1 2 T D C T D C Z 1 2 T D C Z', 0],
    ['in another encoding', [...run("set client_encoding = 'LATIN1'"), ...run(beyond), sync()], '1 2 n C 1 2 T D C S Z', 1],
    ['in a Query', [...run('select 1'), query(beyond), sync()], '1 2 T D C T D C Z Z', 1],
    [
      'in a transaction that has failed',
      [query('begin'), query('selec'), ...run(`rollback -- größe`), ...run(beyond), sync()],
      'C Z E:42601 Z 1 2 n C 1 2 T D C Z',
      1,
    ],
  ] as const)
    test(`texts beyond ASCII within a batch pass as if nothing were asked between: ${name}`, async () => {
      using client = await RawClient.open(plane);
      client.send(...says);
      assert.equal(describeMessages(await client.until('Z', hears.split('Z').length - 1)), hears);
      const entries = await leave(client);
      const sent = Buffer.concat(
        entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === 'request' ? [entry.bytes] : [])),
      );
      assert.equal(sent.toString().split('show client_encoding').length - 1, questions);
    });

  test('texts beyond ASCII are answered in their order, however far ahead they are sent', async () => {
    using client = await RawClient.open(plane);
    const words = ['größe', 'a', '大', 'b', '😀'];
    client.send(...words.flatMap((word) => [parse('', `select '${word}'`), bind('', ''), execute(''), sync(), query(`select '${word}'`)]));
    const rows = (await client.until('Z', 10)).filter(({ type }) => type === 'D').map(({ body }) => body.toString('utf8', 6));
    assert.deepEqual(
      rows,
      words.flatMap((word) => [word, word]),
    );
    await leave(client);
  });

  for (const [name, bytes] of [
    ['a password after the start-up', message.password('again')],
    ['an unknown type', Buffer.from([0x21, 0, 0, 0, 4])],
    ['a start-up in the middle', Buffer.from([0, 0, 0, 8, 0, 3, 0, 0])],
    ['a statement with bytes behind its NUL', Buffer.concat([Buffer.from('Q\0\0\0\x0d'), Buffer.from('select\0;\0')])],
    ['a statement without a NUL', Buffer.concat([Buffer.from('Q\0\0\0\x0c'), Buffer.from('select 1')])],
    ['a Bind cut short', Buffer.concat([Buffer.from('B\0\0\0\x06'), Buffer.from('xy')])],
    ['a Describe of nothing', Buffer.concat([Buffer.from('D\0\0\0\x04')])],
  ] as const)
    test(`does not pass: ${name}`, async () => {
      using client = await RawClient.open(plane);
      client.send(query('select 1'));
      await client.until('Z');
      client.send(bytes);
      assert.match(describeMessages(await client.rest()), /^E:08P01$/);
    });

  for (const [name, bytes] of [
    ['Query', query('select 2')],
    ['Query beyond ASCII', query("select 'größe'")],
    ['Parse', parse('', 'select 2')],
    ['Bind', bind('', '')],
    ['Execute', execute('')],
    ['FunctionCall', message.functionCall()],
  ] as const)
    test(`while the target waits for copy data, no ${name} passes`, async () => {
      using client = await RawClient.open(plane);
      client.send(table, query('copy t from stdin'));
      await client.until('G');
      client.send(bytes);
      const [said, ...more] = await client.rest();
      assert.deepEqual(more, []);
      assert.match(String(said?.body), /does not pass while the target waits for copy data/);
    });

  test('nothing passes behind Terminate', async () => {
    using client = await RawClient.open(plane);
    client.send(terminate(), query("select 'behind'"));
    assert.deepEqual(await client.rest(), []);
    const id = plane.opened.at(-1)?.facts.id;
    const entries = (await plane.settled()).filter(({ session }) => session === id);
    assert.equal(endOf(entries), 'the client said goodbye');
    assert.deepEqual(summary(entries), []);
  });

  test('of a long message that is refused, no rest passes after the refusal was answered', async () => {
    using client = await RawClient.open(plane);
    for (const refused of [
      [query('copy forbidden from stdin')],
      [Buffer.concat([parse('', 'copy forbidden from stdin'), flush()]), sync()],
    ]) {
      const hidden = Array.from({ length: 40_000 }, () => query("select 'smuggled'"));
      const data = copyData(Buffer.concat([Buffer.alloc(300_000, 0x78), ...hidden]));
      client.send(...refused.slice(0, 1), data.subarray(0, 290_000));
      if (refused.length === 1) await client.until('Z');
      else await client.until('E');
      client.send(data.subarray(290_000, 305_000));
      client.send(data.subarray(305_000), ...refused.slice(1), query('select 1'));
      assert.equal(describeMessages(await client.until('C')), refused.length === 1 ? 'T D C' : 'Z T D C');
      await client.until('Z');
    }
    await leave(client);
  });

  for (const [name, bytes] of [
    ['Query', Buffer.from([0x51, 0x01, 0, 0, 0])],
    ['Parse', Buffer.from([0x50, 0x01, 0, 0, 0])],
    ['Bind', Buffer.from([0x42, 0x04, 0, 0, 0])],
    ['CopyData', Buffer.from([0x64, 0x7f, 255, 255, 255])],
  ] as const)
    test(`a ${name} longer than its limit is told so`, async () => {
      using client = await RawClient.open(plane);
      client.send(bytes);
      assert.match(describeMessages(await client.rest()), /^E:54000$/);
    });

  test('a Query and a Bind as long as their limits pass, and a client that goes on sending a longer one hears why', async () => {
    using client = await RawClient.open(plane);
    const [statement, parameter] = [8 * 1024 * 1024, 64 * 1024 * 1024];
    const text = "select length('')";
    client.send(query(`select length('${'x'.repeat(statement - 6 - text.length)}')`));
    assert.equal(describeMessages(await client.until('Z')), 'T D C Z');
    const frame = bind('', '', ['']).length;
    client.send(parse('', 'select length($1)', [25]), bind('', '', ['x'.repeat(parameter - frame)]), execute(''), sync());
    assert.equal(describeMessages(await client.until('Z')), '1 2 D C Z');
    client.send(query('x'.repeat(statement)));
    assert.equal(describeMessages(await client.rest()), 'E:54000');
  });

  test('approved statements keep their order with those that need no approval', async () => {
    const slow = await planeBeforeServer({
      judge: (_circumstance, { text }) =>
        text.includes('later') ? new Promise((resolve) => setTimeout(resolve, 20, permit({ policies: [], version: 'x' }))) : everybody,
    });
    try {
      using client = await RawClient.open(slow);
      client.send(
        parse('', 'select 1 -- later'),
        bind('', ''),
        execute(''),
        sync(),
        query('select 2'),
        parse('', 'select 3 -- later'),
        bind('', ''),
        execute(''),
        sync(),
      );
      const rows = (await client.until('Z', 3)).filter(({ type }) => type === 'D').map(({ body }) => body.toString('utf8', 6));
      assert.deepEqual(rows, ['1', '2', '3']);
    } finally {
      await slow.close();
    }
  });
});
