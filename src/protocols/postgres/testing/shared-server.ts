import { after } from 'node:test';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../../../../test/rig/data-plane.ts';
import { type PostgresServer, startPostgres } from '../../../../test/rig/postgres.ts';
import { protocol } from '../index.ts';
import { type Settings, settings } from '../settings.ts';

let server: Promise<PostgresServer> | null = null;

/** One server for all test files of a process; it goes when the last test has ended. */
export function sharedServer(): Promise<PostgresServer> {
  server ??= startPostgres();
  return server;
}

after(async () => (await server)?.stop());

/** A connection's settings for a target on loopback; the password goes the way that a configuration's goes. */
export function settingsFor(
  port: number,
  more: { user?: string; password?: string | null; database?: string; tls?: unknown } = {},
): Settings {
  const { user = 'shop_app', password = null, database = 'shop', tls = 'off' } = more;
  const variable = `CHAPERONE_TEST_${port}_${user}`;
  if (password !== null) process.env[variable] = password;
  const credentials = { user, ...(password === null ? {} : { password: { env: variable } }) };
  return settings.parse({ target: { host: '127.0.0.1', port, database, tls }, credentials });
}

/** A data plane before the shared server, as `shop_app` in `shop`. */
export async function planeBeforeServer(options: Partial<DataPlaneOptions<Settings>> = {}): Promise<DataPlane> {
  const { port, password } = await sharedServer();
  return startDataPlane({ protocol, settings: settingsFor(port, { password }), ...options });
}
