import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import type { ExchangeItem, Page, SessionItem } from '../../src/archive/items.ts';
import { openSite, type Site } from '../audit/site.ts';
import { freePorts, type GatewayProcess, runChaperone, startGateway } from '../rig/gateway.ts';

const sessions = 24;
// Elsewhere the system either refuses a shared port or does not spread its clients.
const skip = process.platform === 'linux' ? false : 'shared ports are for Linux';

interface Keyed {
  readonly processID: number;
  readonly secretKey: number;
}

describe('two gateways on one port', { skip, timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let site: Site;
  let gateways: GatewayProcess[] = [];
  let states: string[] = [];
  let shared = '';

  before(async () => {
    site = stack.use(await openSite());
    shared = join(site.folder, 'shared');
    states = [site.state, `${site.state}-2`];
    const [consolePort = 0] = await freePorts(1);
    const first = (await readFile(site.config, 'utf8')).replace(/(postgres: \{ address: [\d.:]+)/, '$1, shared: ./shared');
    const second = first
      .replace(`state: ${site.state}`, `state: ${states[1]}`)
      .replace(`127.0.0.1:${site.consolePort}`, `127.0.0.1:${consolePort}`);
    const config = join(site.folder, 'second.yaml');
    await Promise.all([writeFile(site.config, first), writeFile(config, second)]);
    gateways = [await site.start(), stack.use(await startGateway({ config, consolePort }))];
  });
  after(() => stack.disposeAsync());

  async function ask<Item>(gateway: GatewayProcess, path: string): Promise<readonly Item[]> {
    const headers = { authorization: `Bearer ${await site.token('audrey')}` };
    const response = await fetch(`${gateway.console}/api/v1/${path}`, { headers });
    assert.equal(response.status, 200);
    return ((await response.json()) as Page<Item>).items;
  }

  /** The sessions of each gateway, once all that were opened have their end in a catalog. */
  async function catalogs(count: number): Promise<(readonly SessionItem[])[]> {
    for (;;) {
      const found = await Promise.all(gateways.map((gateway) => ask<SessionItem>(gateway, 'sessions?limit=200')));
      if (found.flat().filter(({ status }) => status === 'ended').length >= count) return found;
    }
  }

  function cancel(client: Client): Promise<void> {
    const { processID, secretKey } = client as unknown as Keyed;
    const packet = Buffer.alloc(16);
    for (const [index, value] of [16, 80_877_102, processID].entries()) packet.writeInt32BE(value, index * 4);
    packet.writeInt32BE(secretKey, 12);
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: site.postgresPort }, () => socket.write(packet));
      socket.once('close', () => resolve());
      socket.resume();
    });
  }

  test('sessions spread over both, each on exactly one record, and every cancel finds its session', async () => {
    const token = await site.token('dana');
    const clients: Client[] = [];
    for (let index = 0; index < sessions; index += 1) clients.push(await site.connect(token, { application_name: `shared;run=${index}` }));
    for (const [index, client] of clients.entries()) {
      const sleeping = assert.rejects(client.query(`select pg_sleep(600), ${index}`), { code: '57014' });
      // The statement is at the server before its cancel is.
      const admin = await site.postgres.admin();
      const running = `select 1 from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600), ${index}'`;
      while ((await admin.query(running)).rowCount === 0);
      await admin.end();
      await cancel(client);
      await sleeping;
      assert.deepEqual((await client.query(`select ${index} as n`)).rows, [{ n: index }]);
    }
    for (const client of clients) await client.end();

    const found = await catalogs(sessions);
    for (const each of found) assert.ok(each.length > 0, 'a gateway had no session');
    const runs = found.flat().map(({ run }) => Number(run));
    assert.deepEqual(
      runs.toSorted((one, other) => one - other),
      Array.from({ length: sessions }, (_, index) => index),
    );
    for (const [index, each] of found.entries())
      for (const { id, run } of each) {
        const exchanges = await ask<ExchangeItem>(gateways[index] as GatewayProcess, `exchanges?session=${id}`);
        const texts = exchanges.map(({ text, action }) => (action === 'postgres:cancel' ? 'cancel' : text)).toSorted();
        assert.deepEqual(texts, ['cancel', `select ${run} as n`, `select pg_sleep(600), ${run}`]);
      }
  });

  test('each state folder is read by itself', async () => {
    const read = async (state: string) => {
      const { code, stdout, stderr } = await runChaperone(['sessions', '--state', state, '--limit', '200', '--json']).finished;
      assert.equal(code, 0, stderr);
      return (JSON.parse(stdout) as Page<SessionItem>).items.length;
    };
    const counts = await Promise.all(states.map(read));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      sessions,
    );
  });

  test('a cancel that nobody knows is answered as every other, by closing', async () => {
    await cancel({ processID: 4711, secretKey: 42 } as unknown as Client);
  });

  test('the way between them brings no session, not even where a client may go without TLS', async () => {
    const [path = ''] = readdirSync(shared);
    const startup = Buffer.concat([Buffer.from([0, 0, 0, 33, 0, 3, 0, 0]), Buffer.from('user\0dana\0database\0orders\0\0')]);
    startup.writeInt32BE(startup.length);
    const socket = connect(join(shared, path), () => socket.write(startup));
    assert.match(await text(socket), /reached over TLS only/);
  });

  test('one that stops leaves the port to the other', async () => {
    assert.equal(readdirSync(shared).length, 2);
    await gateways[1]?.stop();
    assert.equal(readdirSync(shared).length, 1);
    const token = await site.token('dana');
    for (let count = 0; count < 8; count += 1) await (await site.connect(token)).end();
    const taken = await site.sessionsOnce((items) => items.filter(({ run }) => run === null).length >= 8);
    assert.ok(taken.length >= 8);
  });

  test('without a word of sharing the port stays its owner’s', async () => {
    const config = join(site.folder, 'third.yaml');
    const alone = (await readFile(join(site.folder, 'second.yaml'), 'utf8')).replace(', shared: ./shared', '');
    await writeFile(config, alone);
    const { code, stderr } = await runChaperone(['serve', '--config', config]).finished;
    assert.notEqual(code, 0);
    assert.match(stderr, /EADDRINUSE/);
  });
});
