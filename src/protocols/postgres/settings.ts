import { z } from 'zod';
import { isLoopback } from '../../wire/loopback.ts';
import { host, port, secret } from '../../wire/settings.ts';

const tls = z
  .union([z.literal('off'), z.literal('verify'), z.strictObject({ ca: z.string().min(1) })], {
    error: 'expected verify, off, or { ca: PATH } with the PEM file of the authority that signed the target',
  })
  .default('verify')
  .describe('How the target proves itself: by an authority this machine trusts, by one named here, or not at all (loopback only).');

const target = z
  .strictObject({
    host: host().describe('Where the server listens.'),
    port: port().default(5432),
    database: z.string().min(1).max(63).describe('The database on the server; clients never see this name.'),
    tls,
    channelBinding: z
      .enum(['prefer', 'require', 'off'])
      .default('prefer')
      .describe('Whether SCRAM proves that TLS ends at the server that knows the password (SCRAM-SHA-256-PLUS), where it offers that.'),
  })
  .refine((place) => place.tls !== 'off' || place.channelBinding !== 'require', {
    path: ['channelBinding'],
    error: 'channelBinding: require needs TLS; write tls: verify, or tls: { ca: PATH }',
  })
  .refine((place) => place.tls !== 'off' || isLoopback(place.host), {
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
