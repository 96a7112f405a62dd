import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { Client } from 'pg';
import type { ExchangeItem } from '../../src/archive/items.ts';
import { startTap } from '../rig/tap.ts';
import { installed } from './demonstration.ts';
import { type House, linesOf, openHouse, run } from './house.ts';
import { find } from './story.ts';

let house: House;

before(async () => {
  house = await openHouse({ connections: [{ name: 'bounded', recording: { contentLimit: '64KiB' } }] });
});
after(() => house?.[Symbol.asyncDispose]());

describe('pgbench', { timeout: 120_000 }, () => {
  const [clients, transactions] = [8, 50];
  const total = clients * transactions;
  const pgbench = async (name: string, ...args: readonly string[]) => {
    const { code, out, err } = await run('pgbench', args, { env: house.environment(name) });
    assert.equal(code, 0, err);
    return out;
  };
  const load = (...args: readonly string[]) => ['-n', '-c', String(clients), '-j', '2', '-t', String(transactions), ...args];
  /** How often each statement of the workload ran, by its first words. */
  const executions = async (name: string) => {
    const sessions = await house.over(name, clients + 1);
    assert.equal(sessions.length, clients + 1, 'one session a client, and one that looks at the tables first');
    const counts = new Map<string, number>();
    for (const { id, exchanges } of sessions) {
      const items = await house.exchanges('auditor', `session=${id}`);
      assert.equal(items.length, exchanges);
      for (const { tag, status, text } of items) {
        if (tag === null || tag === '') continue;
        assert.equal(status, 'ok', text);
        const word = /(?:from|update|into) (pgbench_\w+)/i.exec(text)?.[1] ?? '';
        const key = `${tag.split(' ')[0]} ${word}`.trim();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    return counts;
  };

  test('sets up, and counts what it ran as the record does', async (context) => {
    if (!(await installed('pgbench'))) return context.skip('pgbench is not installed');
    await pgbench('bench-setup', '-i', '-s', '1', '-q');
    const setup = await house.story('bench-setup');
    assert.equal(find(setup, /^copy pgbench_accounts/).rows, 100_000);

    for (const protocol of ['simple', 'extended', 'prepared'])
      await context.test(`${protocol}: select only`, async () => {
        const out = await pgbench(`bench-select-${protocol}`, ...load('-S', '-M', protocol));
        assert.match(out, new RegExp(`transactions actually processed: ${total}/${total}`));
        const counts = await executions(`bench-select-${protocol}`);
        assert.equal(counts.get('SELECT pgbench_accounts'), total);
      });
    for (const protocol of ['simple', 'extended', 'prepared'])
      await context.test(`${protocol}: TPC-B`, async () => {
        const out = await pgbench(`bench-tpcb-${protocol}`, ...load('-M', protocol));
        assert.match(out, new RegExp(`transactions actually processed: ${total}/${total}`));
        const counts = await executions(`bench-tpcb-${protocol}`);
        const wanted = ['BEGIN', 'UPDATE pgbench_accounts', 'SELECT pgbench_accounts', 'UPDATE pgbench_tellers', 'UPDATE pgbench_branches'];
        for (const key of [...wanted, 'INSERT pgbench_history', 'COMMIT']) assert.equal(counts.get(key), total, key);
      });
  });
});

describe('what is on record', { timeout: 60_000 }, () => {
  /** Each occurs in one place only: a result, a bind value, a statement. */
  const [inResult, inValue, inStatement] = ['quokka-7f31', 'numbat-90c2', 'bilby-55aa'];

  test('who acted: the principal, the agent, the run, the decision', async () => {
    const client = await house.connect('who');
    await client.query('select 1');
    await client.end();
    const { session } = await house.story('who');
    const token = house.tokens.agent;
    const { exp = 0 } = decodeJwt(token);
    assert.deepEqual(session.principal, {
      subject: 'dana',
      issuer: house.issuer.url,
      email: 'dana@example.com',
      groups: ['engineering'],
      agent: 'cursor',
      actors: ['cursor'],
      token: { jti: null, sha256: createHash('sha256').update(token).digest('hex'), expiresAt: new Date(exp * 1000).toISOString() },
    });
    assert.deepEqual([session.connection, session.protocol, session.run], ['orders', 'postgres', 'who']);
    assert.deepEqual([session.verdict, session.policies, session.status], ['permitted', ['workers'], 'ended']);
    assert.equal(session.reason, 'the client said goodbye');
    assert.equal(session.recording, 'complete');
    assert.match(session.clientAddress, /^127\.0\.0\.1/);
    assert.ok(session.bytesToTarget > 0 && session.bytesToClient > 0);
    assert.equal((await house.sessions('dba', 'run=who')).length, 0, 'another’s session');
    assert.equal((await house.sessions('engineer', 'run=who')).length, 1, 'what one’s own agent did');
  });

  test('replay, export and search by the command line', async () => {
    const client = await house.connect('told');
    const hidden = Buffer.from(inResult).toString('hex');
    await client.query(`select convert_from('\\x${hidden}'::bytea, 'UTF8') as animal`);
    await client.query('select length($1::text) as letters', [inValue]);
    await client.query(`select 1 as one /* ${inStatement} */`);
    await client.end();
    const { session, exchanges, lines } = await house.story('told');

    const replay = await house.cli('auditor', 'replay', session.id);
    assert.equal(replay.code, 0, replay.err);
    for (const word of [inResult, inValue, inStatement, 'animal', 'select length($1::text) as letters', 'dana', 'cursor', 'told'])
      assert.ok(replay.out.includes(word), `${word} is not in:\n${replay.out}`);

    const exported = await house.cli('auditor', 'export', session.id, '--format', 'ndjson');
    assert.equal(exported.code, 0, exported.err);
    assert.deepEqual(linesOf(exported.out), lines);
    assert.deepEqual(
      lines.map(({ sequence }) => sequence),
      lines.map((_line, place) => place),
    );

    for (const [place, word] of [inResult, inValue, inStatement].entries()) {
      const found = await house.exchanges('auditor', `q=${word}`);
      assert.deepEqual(
        found.map(({ id }) => id),
        [exchanges[place]?.id],
      );
      const search = await house.cli('auditor', 'search', word, '--json');
      assert.equal(search.code, 0, search.err);
      assert.deepEqual((JSON.parse(search.out) as { items: ExchangeItem[] }).items, found);
    }
    assert.deepEqual(await house.exchanges('dba', `q=${inResult}`), [], 'search shows one’s own alone');
    const listed = await house.cli('auditor', 'sessions', '--run', 'told', '--json');
    assert.deepEqual((JSON.parse(listed.out) as { items: unknown[] }).items, [session]);
  });

  test('what is over the limit is counted and hashed, and the client has it whole', async () => {
    const text = 'select n, repeat(md5(n::text), 20) from generate_series(1, 2000) n';
    const [through, past] = await Promise.all([startTap(house.port), startTap(house.database.port)]);
    try {
      const ask = async (client: Client) => {
        const { rows } = await client.query(text);
        await client.end();
        return rows;
      };
      const rows = await ask(await house.connect('bounded', { port: through.port, database: 'bounded' }));
      const { host, database, user, password } = house.database;
      assert.deepEqual(rows, await ask(await house.connect('none', { host, port: past.port, database, user, password })));

      const { exchanges, lines } = await house.story('bounded');
      const [exchange] = exchanges;
      assert.deepEqual([exchange?.status, exchange?.rows], ['ok', 2000]);
      const { bytes, sha256 } = exchange?.withheld ?? { bytes: 0, sha256: [] };
      const answer = 2000 * 640;
      assert.ok(bytes > answer - 200_000 && bytes < answer + 100_000, String(bytes));
      // The end of the session's replies is the end of this exchange's: what the database sent a client past the gateway.
      for (const [line] of [through.lines(), past.lines()]) {
        const tail = line?.reply.subarray(-bytes) ?? Buffer.alloc(0);
        assert.deepEqual(sha256, [createHash('sha256').update(tail).digest('hex')]);
      }
      const kept = lines.flatMap((line) => (line.kind === 'bytes' && line.exchange === 1 ? [line.count] : []));
      assert.equal(kept.reduce((sum, count) => sum + count, 0) + bytes, exchange?.bytes);
      const withheld = lines.filter((line) => line.kind === 'withheld').at(-1);
      assert.deepEqual([withheld?.direction, withheld?.count, withheld?.sha256], ['reply', bytes, sha256[0]]);
      const replay = await house.cli('auditor', 'replay', exchange?.session ?? '');
      assert.ok(replay.out.includes(`${bytes} bytes of the reply were over the limit`), replay.out.slice(-2000));
    } finally {
      await Promise.all([through.close(), past.close()]);
    }
  });
});
