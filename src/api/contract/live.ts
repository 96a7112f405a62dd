import { z } from 'zod';
import { count, exchangeStatuses, list, named, time } from './pieces.ts';
import { session } from './record.ts';

export const liveQuery = z.strictObject({
  from: z
    .union([z.literal('end'), z.coerce.number().int().min(0)])
    .default(0)
    .describe('The first sequence to be sent; `end`: what comes from now on. Last-Event-ID goes before it'),
});
export const terminateBody = z
  .strictObject({ reason: z.string().trim().min(1).max(500).nullable().optional().describe('Told to the client, and on the trail') })
  .nullish();
export const receipt = named(
  'Receipt',
  z.object({
    stoppedAt: time()
      .nullable()
      .describe('When nothing more could cross; null where the session was over already, or is another gateway’s'),
    endedAt: time().nullable().describe('When its end was on record; null where that is not known yet'),
    lastSequence: count().nullable().describe('The last entry of its recording; null where that is not archived yet'),
    inFlight: list(
      z.object({
        id: z.string().describe('The exchange’s'),
        action: z.string(),
        text: z.string().describe('From its beginning'),
        reached: z.enum(['target', 'nothing']).describe('`target`: it had been sent, and what the target did with it is not known'),
        status: z.enum(exchangeStatuses),
      }),
    )
      .nullable()
      .describe('What had begun and not ended; null where that is not archived yet'),
    session,
  }),
);
export type Receipt = z.output<typeof receipt>;
export const runReceipt = z.object({ items: list(receipt).describe('One for each session that went on') });
