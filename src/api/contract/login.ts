import { z } from 'zod';
import { count, list, named, text, time } from './pieces.ts';

export const nothing = z.strictObject({}).nullish();

export const loginIssuers = z.object({ items: list(z.object({ issuer: z.string() })) });
export const loginQuery = z.strictObject({
  issuer: text().describe('Where; the first of them by default'),
  return: text(2000).describe('The path of the console to go back to'),
});
/** What an issuer adds to the address is its own affair (RFC 6749 section 4.1.2: unrecognised parameters are ignored). */
export const callbackQuery = z.record(z.string().max(100), z.union([z.string().max(8000), z.array(z.string().max(8000)).max(10)]));
export const loggedOut = z.object({
  location: z.string().describe('Where the browser goes to be signed out at the issuer too; it leads back'),
});
export const noMore = z.null().describe('Nothing more is to be done');
export const me = named(
  'Me',
  z.object({
    principal: z.object({
      subject: z.string(),
      issuer: z.string(),
      email: z.string().nullable(),
      groups: list(z.string()),
      agent: z.string().nullable(),
    }),
    roles: list(z.enum(['admin', 'auditor', 'reviewer'])),
    sees: z.enum(['all', 'own']).describe('Whose records: everybody’s, or their own'),
    signIn: z
      .object({
        csrf: z.string().describe('To be sent as the header chaperone-csrf with every request that changes something'),
        endsAt: time().describe('When one must sign in again whatever one does'),
        idleMs: count().describe('After how long without a request one must sign in again'),
      })
      .nullable()
      .describe('Null where a token speaks for the request and no cookie'),
  }),
);
