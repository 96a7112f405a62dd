import { z } from 'zod';
import type { Overview } from '../../archive/overview-items.ts';
import { count, type Equal, list, moment, named, time } from './pieces.ts';

const fromCatalog = z.object({
  since: time(),
  until: time(),
  complete: z.boolean().describe('Whether all of the time was looked through; where not, spans and rules are those of a part'),
  spans: list(
    z.object({
      at: time(),
      permitted: count(),
      approved: count(),
      refused: count(),
      denied: count(),
      expired: count(),
      undecided: count(),
      failed: count(),
      barredBefore: list(count()).describe('Refused, denied and expired at the same time one, two, three and four weeks before'),
    }),
  ).describe('96 equal spans'),
  rules: list(
    z.object({
      policy: z.string(),
      refused: count(),
      denied: count(),
      expired: count(),
      approved: count(),
      workedAround: count().describe('How many of those that were looked into were then reached another way'),
      lookedInto: count(),
    }),
  ),
  firstSeen: list(
    z.object({ agent: z.string().nullable(), connection: z.string(), object: z.string(), at: time(), exchange: z.string() }),
  ).describe('Each agent at each object for the first time, newest first'),
  moreFirstSeen: count(),
  flows: list(
    z.object({
      agent: z.string().nullable(),
      connection: z.string(),
      sessions: count(),
      exchanges: count(),
      rows: count(),
      bytes: count().describe('To the client'),
      masked: count().describe('Exchanges whose replies had something masked'),
    }),
  ).describe('Of sessions that went on in the time, whole'),
  connections: list(
    z.object({
      connection: z.string(),
      protocol: z.string(),
      sessions: count(),
      active: count(),
      turnedAway: count(),
      interrupted: count(),
      gaps: count(),
      lastAt: time(),
    }),
  ),
});

export const overview = named(
  'Overview',
  fromCatalog.extend({
    approvals: list(
      z.object({
        group: z.string(),
        asked: count(),
        open: count(),
        approved: count(),
        denied: count(),
        expired: count(),
        withdrawn: count(),
        decisionMs: list(count()).describe('How long each decision took, in their order of time; at most 500'),
        fast: count().describe('Approved in less than four seconds'),
      }),
    ).describe('For each group that was asked'),
    recorder: z.object({
      ready: z.string().nullable().describe('Null while new sessions are admitted and recorded, or why not'),
      lagBytes: count().nullable().describe('Committed bytes that lists and searches do not show yet; null where that is not known'),
    }),
  }),
);
export const overviewQuery = z.strictObject({
  since: moment.describe('Inclusive; 24 hours before until by default'),
  until: moment.describe('Exclusive; now by default'),
});

void [true satisfies Equal<z.output<typeof fromCatalog>, Overview>];
