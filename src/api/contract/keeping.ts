import { z } from 'zod';
import type { DiskUsage } from '../../archive/disk-usage.ts';
import { anomalyKinds } from '../../archive/anomalies.ts';
import type { GapItem, Holding, Missing } from '../../archive/holdings.ts';
import { count, type Equal, list, time } from './pieces.ts';

const moment = z.object({ session: z.string(), at: time() });
const listed = <Item extends z.ZodType>(item: Item) => z.object({ items: list(item), more: count() });

const disk = z.object({ bytes: count(), files: count(), complete: z.boolean().describe('Whether all files were counted') });

export const retention = z.object({
  complete: z.boolean().describe('Whether all sessions were looked through; where not, the oldest were'),
  items: list(
    z.object({
      connection: z.string().nullable().describe('Null for names that clients made up and that are too many to list'),
      configuredDays: z.number().nullable().describe('What new sessions get; null where it is not configured any more'),
      sessions: count(),
      active: count(),
      crossedBytes: count().describe('Bytes that crossed in both directions, before they are compressed'),
      oldest: moment.nullable(),
      next: moment.nullable().describe('Which is deleted first, and from when on'),
    }),
  ),
  disk: disk.describe('What all recordings take on disk, compressed'),
});

const gap = z.object({ session: z.string(), connection: z.string(), at: time(), detail: z.string().nullable() });
const missing = z.object({ id: z.string(), at: time(), kind: z.enum(anomalyKinds), session: z.string().nullable(), detail: z.string() });

export const proof = z.object({
  complete: z.boolean().describe('Whether all sessions were looked through; where not, the oldest were'),
  evidence: z
    .object({ checksum: z.literal('crc32'), chained: z.literal(false), signed: z.literal(false) })
    .describe('What the record can prove by itself: a checksum finds damage, and not that somebody changed or removed something'),
  recorder: z.object({
    ready: z.string().nullable().describe('Null while new sessions are admitted and recorded, or why not'),
    lagBytes: count().nullable().describe('Committed bytes that are in the journal and not yet archived; null where that is not known'),
    segments: count().nullable().describe('Journal segments that are not archived, the one being written included'),
    standsStill: z.boolean().nullable().describe('Whether a fault keeps the archive from following'),
    gapsSinceStart: count().nullable(),
  }),
  connections: list(
    z.object({
      connection: z.string().nullable(),
      sessions: count(),
      active: count().describe('Not whole yet'),
      interrupted: count(),
      gaps: count(),
      lastWhole: moment.nullable().describe('The last that ended with nothing missing'),
    }),
  ),
  gaps: listed(gap).describe('Sessions of whose record something is missing, the newest first'),
  missing: listed(missing).describe('What was found missing or damaged in the journal or the archive'),
  starts: list(
    z.object({ id: z.string(), at: time(), recovered: count().nullable(), tornBytes: count().nullable(), version: z.string().nullable() }),
  ).describe('The last starts of the gateway, and what each found: sessions that the one before left open, and bytes cut off the journal'),
  damages: list(z.object({ id: z.string(), at: time(), event: z.string(), detail: z.string() })).describe(
    'What a start found wrong in the journal',
  ),
});

type Unkept = 'oldest' | 'next' | 'crossedBytes';
void [
  true satisfies Equal<z.output<typeof disk>, DiskUsage>,
  true satisfies Equal<z.output<typeof gap>, GapItem>,
  true satisfies Equal<z.output<typeof missing>, Missing>,
  true satisfies Equal<z.output<typeof proof>['connections'][number], Omit<Holding, Unkept>>,
];
