import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { EmbeddedDatabase } from './embedded-database.ts';

/** Whom the gateway is on the target; nobody else holds the password. */
export interface ShopLogin {
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** Fills the sample database unless it is there. It gets its name last, so that a half-filled one is never taken for it. */
export async function openShop(server: EmbeddedDatabase, login: ShopLogin): Promise<void> {
  const admin = await server.connect('template1');
  try {
    const found = await admin.query('SELECT FROM pg_database WHERE datname = $1', [login.database]);
    if (found.rowCount === 0) await fill(server, admin, login);
    else await admin.query(`ALTER ROLE ${admin.escapeIdentifier(login.user)} PASSWORD ${admin.escapeLiteral(login.password)}`);
  } finally {
    await admin.end();
  }
}

async function fill(server: EmbeddedDatabase, admin: Client, login: ShopLogin): Promise<void> {
  const [user, name, loading] = [login.user, login.database, `${login.database}_loading`].map((word) => admin.escapeIdentifier(word));
  await admin.query(`DROP DATABASE IF EXISTS ${loading}`);
  await admin.query(`DROP ROLE IF EXISTS ${user}`);
  await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD ${admin.escapeLiteral(login.password)}`);
  await admin.query(`CREATE DATABASE ${loading} OWNER ${user} STRATEGY file_copy`);
  const { host, port } = server;
  const owner = new Client({ host, port, user: login.user, password: login.password, database: `${login.database}_loading` });
  await owner.connect();
  try {
    await owner.query(await readFile(new URL('shop.sql', import.meta.url), 'utf8'));
    await owner.query('ANALYZE');
  } finally {
    await owner.end();
  }
  await admin.query(`ALTER DATABASE ${loading} RENAME TO ${name}`);
  await admin.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
}
