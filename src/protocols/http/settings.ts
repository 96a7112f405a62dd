import { z } from 'zod';
import { secret, targetTls, url } from '../../wire/settings.ts';
import { openApi } from './openapi-setting.ts';

const absolutePath = z.string().regex(/^\/[!-~]*$/, 'is no path; write one that begins with a slash, such as /graphql');

const target = z.strictObject({
  url: url().describe('Where the API is; the path of a request is put behind it.'),
  tls: targetTls(),
  encodedSlashes: z
    .enum(['refuse', 'keep'])
    .default('refuse')
    .describe('What becomes of %2F in a path: refused, or kept within its segment, for APIs that name things with slashes so.'),
  rewriteBodies: z
    .boolean()
    .default(false)
    .describe('Whether the connection’s own URL is led back through the gateway in JSON and text, too, and not in headers alone.'),
  graphql: z.array(absolutePath).max(32).default(['/graphql']).describe('The paths at which the target answers GraphQL.'),
  openapi: openApi().optional().describe('An OpenAPI 3 document (JSON or YAML) that says which routes there are; others are unknown.'),
});

/** A field that the gateway or the connection frames by itself cannot carry a credential. */
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^`|~-]{1,64}$/, 'is no header name; write one such as Authorization or X-Api-Key')
  .refine(
    (name) => !/^(host|connection|content-length|transfer-encoding|upgrade|te|trailer)$/i.test(name),
    'is a header that frames messages',
  );

const withHeader = z.strictObject({ header: headerName, value: secret().describe('All of the header’s value.') });
const withBasic = z.strictObject({ user: z.string().max(256), password: secret() });
const withQuery = z.strictObject({ query: z.string().min(1).max(128), value: secret().describe('The parameter’s value, not encoded.') });
const withOAuth = z.strictObject({
  oauth: z.strictObject({
    tokenUrl: url().describe('Where the authorization server gives tokens for client credentials (RFC 6749 section 4.4).'),
    clientId: z.string().min(1).max(512),
    clientSecret: secret(),
    scope: z.string().min(1).max(1_024).optional(),
  }),
});

const forms = [['header', 'value'], ['user', 'password'], ['query', 'value'], ['oauth']];

function isOneForm(input: unknown): boolean {
  const keys = typeof input === 'object' && input !== null ? Object.keys(input) : [];
  return forms.some((form) => form.length === keys.length && form.every((key) => keys.includes(key)));
}

const credentials = z
  .union([withHeader, withBasic, withQuery, withOAuth], {
    // Of what is one of them, but for a mistake within, that mistake is said.
    error: ({ input }) =>
      isOneForm(input) ? undefined : 'expected { header, value }, { user, password }, { query, value } or { oauth }; write one of them',
  })
  .optional()
  .describe('What the gateway proves itself with to the target; clients never see it.');

/** A connection's `target` and `credentials`. */
export const settings = z.strictObject({ target, credentials });
export type Settings = z.output<typeof settings>;
export type Credentials = NonNullable<Settings['credentials']>;
