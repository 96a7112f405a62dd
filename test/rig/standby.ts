import { randomBytes } from 'node:crypto';
import { chown, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedDatabase, startDatabase } from '../../src/cli/quickstart/embedded-database.ts';

/** A primary and a hot standby that was copied from it, both on loopback, with a database `shop` that `shop_app` may enter by its password. */
export interface Pair extends AsyncDisposable {
  readonly primary: EmbeddedDatabase;
  readonly standby: EmbeddedDatabase;
  readonly password: string;
}

/** Takes about four seconds. The standby recovers from its own copy: it serves reads and does not follow the primary. */
export async function startPair(): Promise<Pair> {
  const homes = await Promise.all(['primary', 'standby'].map((name) => mkdtemp(join(tmpdir(), `chaperone-${name}-`))));
  const [first = '', second = ''] = homes;
  const [superuser, password] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')];
  const start = (home: string, fresh: boolean) => startDatabase({ home, log: join(home, 'server.log'), password: superuser, fresh });
  const primary = await start(first, true);
  const client = await primary.connect('postgres');
  await client.query(`create role shop_app login password '${password}'`);
  await client.query('create database shop owner shop_app');
  await client.end();
  await primary.stop();
  await copyAsStandby(join(first, 'data'), join(second, 'data'));
  const [again, standby] = await Promise.all([start(first, false), start(second, false)]);
  const dispose = async () => {
    await Promise.all([again.stop(), standby.stop()]);
    for (const home of homes) await rm(home, { recursive: true, force: true });
  };
  return { primary: again, standby, password, [Symbol.asyncDispose]: dispose };
}

async function copyAsStandby(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  await writeFile(join(to, 'standby.signal'), '');
  // Under root the servers run as `nobody`.
  if (process.getuid?.() !== 0) return;
  await chown(to, 65_534, 65_534);
  for (const name of await readdir(to, { recursive: true })) await chown(join(to, name), 65_534, 65_534);
}
