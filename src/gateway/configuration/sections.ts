import { createSecretKey } from 'node:crypto';
import { z } from 'zod';
import type { Protocol } from '../../core/protocol.ts';
import { duration } from '../../wire/duration.ts';
import { keySize } from '../../wire/kept-key.ts';
import { secret } from '../../wire/settings.ts';
import { identitySchema } from '../../stages/identity/settings.ts';
import { listenAddress } from './address.ts';
import { approvalsSection } from './approvals.ts';

const unitBytes: { readonly [unit: string]: number } = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

const sizeHint = 'expected a size; write a whole number and B, KiB, MiB or GiB, such as 64MiB';
const byteCount = z
  .string(sizeHint)
  .regex(/^\d{1,9}(B|KiB|MiB|GiB)$/, sizeHint)
  .transform((text) => Number.parseInt(text, 10) * (unitBytes[text.replace(/^\d+/, '')] ?? 0));

const daysHint = 'expected a number of days; write for example 90d';
const days = z
  .string(daysHint)
  .regex(/^[1-9]\d{0,5}d$/, daysHint)
  .transform((text) => Number.parseInt(text, 10));

/** In milliseconds; setTimeout waits for no more than 24 days. */
const timeout = duration()
  .refine((milliseconds) => milliseconds <= 24 * 86_400_000, 'is longer than 24 days; write 24d or less, or leave it out')
  .nullable()
  .default(null);

const listener = z.strictObject({ address: listenAddress });
const socketListener = listener.extend({
  shared: z
    .string()
    .min(1)
    .meta({ description: 'a folder where the gateways meet that listen at this address together, each with a state folder of its own' })
    .optional(),
});

const tls = z.strictObject({
  cert: z.string().min(1).meta({ description: 'path of the PEM certificate chain' }).optional(),
  key: z.string().min(1).meta({ description: 'path of its PEM private key' }).optional(),
  selfSigned: z.literal(true).meta({ description: 'a certificate of its own, made at the start' }).optional(),
  insecureLoopback: z.literal(true).meta({ description: 'on loopback, listeners, issuers and targets may go without TLS' }).optional(),
});

/** A key of 32 bytes, written as base64 or hex. */
const key = secret().transform((text, context) => {
  const written = text.reveal().trim();
  const bytes = Buffer.from(written, /^[0-9a-f]{64}$/i.test(written) ? 'hex' : 'base64');
  if (bytes.length === keySize) return createSecretKey(bytes);
  context.addIssue({
    code: 'custom',
    message: `is no key of ${keySize} bytes in base64 or hex; make one by: openssl rand -base64 ${keySize}`,
  });
  return z.NEVER;
});

const groups = z.array(z.string().min(1)).default([]);
const file = z.string().min(1);

/** What the gateway itself knows of a connection; `target` and `credentials` are checked by the protocol's own schema. */
export const connectionSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_-]{0,62}$/,
      'is no connection name; write up to 63 lower-case letters, digits, _ and -, beginning with a letter or digit',
    )
    .meta({ description: 'what clients call it' }),
  protocol: z.string().min(1).meta({ description: 'which protocol it speaks' }),
  target: z.unknown().meta({ description: 'where it leads' }),
  credentials: z.unknown().optional(),
  recording: z
    .strictObject({
      durability: z.enum(['write', 'fsync']).default('write'),
      onFailure: z.enum(['stop', 'gap']).default('stop'),
      contentLimit: byteCount.prefault('64MiB').meta({ description: 'bytes of content kept for one exchange' }),
    })
    .prefault({}),
  retention: days.prefault('90d').meta({ description: 'how long a recording is kept once its session has ended' }),
  session: z
    .strictObject({
      outliveToken: z.boolean().default(false).meta({ description: 'a session may go on when its token has expired' }),
      idle: timeout.meta({ description: 'a session without an exchange for so long ends' }),
      idleInTransaction: timeout.meta({ description: 'the same, while a transaction is open' }),
      statement: timeout.meta({ description: 'a statement that runs at the target for longer is cancelled there' }),
    })
    .prefault({}),
});

/** The schema of every section but the listeners, whose keys depend on the protocols. Connections are checked one by one. */
export const sections = {
  state: file.meta({ description: 'the folder of journal, archive, catalog and keys' }),
  identity: identitySchema.meta({ description: 'the issuers whose tokens are accepted' }),
  roles: z.strictObject({ admin: groups, auditor: groups, reviewer: groups }).prefault({}),
  connections: z.array(z.unknown()).meta({ description: 'a list of targets; [] for none' }),
  policies: file.optional().meta({ description: 'the folder of the *.cedar files; ./policies where it is not said' }),
  /** Its schema is in stages/masking and is loaded where something is to be masked. */
  masking: z.unknown().optional(),
  approvals: approvalsSection,
  keys: z
    .strictObject({
      connections: key.optional().meta({ description: 'what seals the secrets of connections that are made in the console' }),
      connectionsBefore: key.optional().meta({ description: 'what sealed them before; at the start they are sealed anew' }),
    })
    .prefault({}),
  storage: z.strictObject({ catalog: z.string().default('sqlite'), archive: file.optional() }).prefault({}),
  demonstration: z.boolean().default(false).meta({ description: 'nothing may listen but on loopback' }),
};

/** The section `listen`: the console, the web listener, one listener for each socket protocol, and their TLS. */
export function listenSchema(protocols: ReadonlyMap<string, Protocol<unknown>>) {
  const sockets = [...protocols.values()].filter((protocol) => protocol.listener === 'socket');
  return z
    .strictObject({
      console: listener.optional(),
      web: listener
        .meta({ description: 'where connections of HTTP and what stands on it are reached, each under /<connection>' })
        .optional(),
      ...Object.fromEntries(sockets.map(({ name }) => [name, socketListener.optional()])),
      tls: tls.optional(),
    })
    .meta({ description: 'where it listens, and its TLS' });
}

export type TlsSettings = z.output<typeof tls>;
export type ConnectionSection = z.output<typeof connectionSchema>;
