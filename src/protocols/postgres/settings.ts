import { z } from 'zod';
import { duration } from '../../wire/duration.ts';
import { isLoopback } from '../../wire/loopback.ts';
import { caFile, host, pem, port, secret } from '../../wire/settings.ts';

const tls = z
  .union([z.literal('off'), z.literal('verify'), z.strictObject({ ca: caFile() }), z.strictObject({ pem: pem() })], {
    error: 'expected verify, off, or { ca: PATH } or { pem: TEXT } with the certificates of the authority that signed the target',
  })
  .default('verify')
  .describe('How the target proves itself: by an authority this machine trusts, by one named here, or not at all (loopback only).');

const usualPort = 5432;
const place = z.strictObject({ host: host(), port: port().default(usualPort) });

/** Which servers will do, as libpq's target_session_attrs has it. */
const attributes = z
  .enum(['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'])
  .default('any')
  .describe('Which server will do: any, one that takes or that refuses writes by default, a primary, or a standby.');

const connectTimeout = duration()
  .refine((milliseconds) => milliseconds <= 60_000, 'is longer than a minute; write 60s or less')
  .prefault('15s')
  .describe('How long one address may take to open a session, and for how long new rounds are begun while servers refuse or start up.');

const target = z
  .strictObject({
    host: host().optional().describe('Where the server listens; or name several by hosts.'),
    port: port().optional().describe('Of the one host; default 5432.'),
    hosts: z.array(place).min(1).max(32).optional().describe('Servers to try in turn, instead of host and port.'),
    targetSessionAttrs: attributes,
    loadBalanceHosts: z
      .enum(['disable', 'random'])
      .default('disable')
      .describe('Whether hosts and their addresses are tried in random order.'),
    connectTimeout,
    database: z.string().min(1).max(63).describe('The database on the server; clients never see this name.'),
    tls,
    channelBinding: z
      .enum(['prefer', 'require', 'off'])
      .default('prefer')
      .describe('Whether SCRAM proves that TLS ends at the server that knows the password (SCRAM-SHA-256-PLUS), where it offers that.'),
  })
  .refine((given) => given.host !== undefined || given.hosts !== undefined, {
    path: ['host'],
    error: 'is missing; add host: where the server listens, or hosts: [{ host, port }, …] for several',
  })
  .refine((given) => given.hosts === undefined || (given.host === undefined && given.port === undefined), {
    path: ['hosts'],
    error: 'stands beside host or port; write each host and port into hosts, or leave it out',
  })
  .refine((given) => given.tls !== 'off' || given.channelBinding !== 'require', {
    path: ['channelBinding'],
    error: 'channelBinding: require needs TLS; write tls: verify, or tls: { ca: PATH }',
  })
  .transform(({ host: only = '', port: onlyPort = usualPort, hosts = [{ host: only, port: onlyPort }], ...rest }) => ({ ...rest, hosts }))
  .refine((given) => given.tls !== 'off' || given.hosts.every((each) => isLoopback(each.host)), {
    path: ['tls'],
    error: 'tls: off is for targets on loopback; write verify, or { ca: PATH }',
  });

const credentials = z.strictObject({
  user: z.string().min(1).max(63),
  password: secret().optional().describe('Absent where the server trusts the gateway’s address.'),
});

/** A connection's `target` and `credentials`. */
export const settings = z.strictObject({ target, credentials });
export type Settings = z.output<typeof settings>;
