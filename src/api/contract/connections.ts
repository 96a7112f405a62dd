import { z } from 'zod';
import { probeSteps } from '../../core/probe.ts';
import type { ConnectionItem, ProtocolItem, TrialReport } from '../gateway-port.ts';
import { codes, count, type Equal, list, named, time } from './pieces.ts';

const stamp = z.object({ at: time(), by: z.string().describe('Subject and issuer') });

const serving = z.object({
  listener: z.string().describe('As the configuration file names it below `listen`'),
  address: z.string().describe('Where it listens'),
  paths: z.boolean().describe('Whether connections lie below it, each under /NAME'),
});

export const connection = named(
  'Connection',
  z.object({
    name: z.string(),
    protocol: z.string(),
    recording: z.object({
      durability: z.enum(['write', 'fsync']),
      onFailure: z.enum(['stop', 'gap']),
      contentLimit: z.number().describe('Bytes of content kept for one exchange; what is over is counted and hashed'),
    }),
    retentionDays: z.number(),
    target: z.record(z.string(), z.json()).describe('Where it leads, as configured; what is secret stands there as [secret]'),
    origin: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('file'), file: z.string(), line: count() }),
        z.object({ kind: z.literal('console'), made: stamp, changed: stamp }),
      ])
      .describe('Where it comes from, and so where it is changed'),
    version: z.string().nullable().describe('What a change of it must name, as If-Match: "VERSION"; null where the file has it'),
    serving: serving.nullable().describe('By which listener its clients come; null where it cannot be used'),
    fault: z.string().nullable().describe('Why nobody can use it; null where it can be used'),
    written: z.record(z.string(), z.json()).nullable().describe('As it was written here, without its secrets; null where the file has it'),
    secrets: list(stamp.extend({ field: z.string() })).describe('The fields that hold a secret which was given here, and since when'),
  }),
);
export const connectionList = z.object({ items: list(connection) });
export const connectionParams = z.object({ name: z.string().min(1).max(63) });

/** RFC 9110 section 13.1.1: `*`, or entity tags with commas between them. */
const entityTags = /^(?:\*|(?:W\/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W\/)?"[!#-~]*")*)$/;
export const changeHeaders = z.looseObject({
  'if-match': z
    .string()
    .max(1_000)
    .regex(entityTags, 'expected an ETag in quotation marks, several with commas between them, or *')
    .optional()
    .describe('The ETag that GET answered; without it the answer is 428, and 412 where somebody has changed it since'),
});

export const protocolList = z.object({
  items: list(
    z.object({
      name: z.string(),
      serving: serving.nullable().describe('By which listener clients come; null where there is none, and then no connection can be made'),
      remedy: z.string().nullable().describe('What to do where there is none'),
      schema: z
        .record(z.string(), z.json())
        .describe(
          'The JSON schema of a connection; `secret` and `file` mark what is a secret and what names a file, which only the configuration may',
        ),
    }),
  ),
});

/** What a connection is made of. What must stand in it is the protocol's affair, and checked as in the configuration. */
export const changedConnection = z.strictObject({
  protocol: z.string().min(1).max(40),
  target: z.record(z.string(), z.json()),
  credentials: z.record(z.string(), z.json()).optional().describe('Secrets as text, or as { "keep": true } where one is kept'),
  recording: z.record(z.string(), z.json()).optional(),
  retention: z.string().max(20).optional(),
  session: z.record(z.string(), z.json()).optional(),
});
export const newConnection = changedConnection.extend({ name: z.string().min(1).max(63) });
const step = z.enum(probeSteps);
export const trialReport = z.object({
  session: z.string().nullable().describe('Its session, which is on record as any other'),
  steps: list(z.object({ step, ms: z.number().nullable() })),
  says: z.string().nullable().describe('What the target answered'),
  failure: z
    .object({ step, code: z.enum(codes), message: z.string(), hint: z.string() })
    .nullable()
    .describe('Why it did not get to its end; null where all is in order'),
});
export const removed = z.object({ name: z.string() });

void [
  true satisfies Equal<Omit<z.output<typeof connection>, 'target' | 'written'>, Omit<ConnectionItem, 'target' | 'written'>>,
  true satisfies Equal<z.output<typeof trialReport>, TrialReport>,
  true satisfies Equal<Omit<z.output<typeof protocolList>['items'][number], 'schema'>, Omit<ProtocolItem, 'schema'>>,
];
