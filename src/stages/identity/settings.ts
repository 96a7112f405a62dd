import { z } from 'zod';
import { duration } from '../../wire/duration.ts';
import { hostOf, isLoopback } from '../../wire/loopback.ts';
import { secret } from '../../wire/settings.ts';
import { subjectLimit } from './actors.ts';
import { type ProfileName, profiles } from './profiles.ts';

/**
 * The signature algorithms a token may use (RFC 7518 section 3.1, RFC 8037). Asymmetric ones alone: with a shared secret,
 * whoever can verify can forge, and a public key can be passed off as the secret.
 */
export const signatureAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const profilesToCome = new Set<unknown>(['google', 'cursor-cloud', 'claude-code', 'github-actions', 'gitlab-ci', 'spiffe']);
const profileNames = Object.keys(profiles) as [ProfileName, ...ProfileName[]];

const algorithm = z.enum(signatureAlgorithms, {
  error: ({ input }) =>
    typeof input === 'string' && /^(none|HS\d*)$/i.test(input)
      ? `${input} is never accepted: anyone who can verify such a token can forge one; use ${signatureAlgorithms.join(', ')}`
      : `expected one of ${signatureAlgorithms.join(', ')}`,
});

const profile = z.enum(profileNames, {
  error: ({ input }) =>
    profilesToCome.has(input)
      ? `profile ${String(input)} needs a directory; not supported by this version; use ${profileNames.join(', ')}`
      : `expected one of ${profileNames.join(', ')}`,
});

const audience = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1, 'expected an audience or a list of audiences')], {
    error: 'expected an audience or a list of audiences',
  })
  .transform((given): readonly string[] => (typeof given === 'string' ? [given] : given))
  .describe('What the token must carry in `aud`; any one of a list.');

/** RFC 6749 section 3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected a scope; write one word, such as groups');

const login = z
  .strictObject({
    clientId: z.string().min(1).max(255).describe('The client that the console is at this issuer.'),
    clientSecret: secret().optional().describe('Where the issuer gave the client one.'),
    scopes: z
      .array(scope)
      .max(20)
      .default(['openid', 'email', 'profile'])
      .refine((scopes) => scopes.includes('openid'), 'must have openid; write [openid, email, profile]')
      .describe('What is asked for; some issuers put groups into the ID token for the scope groups alone.'),
    logout: z
      .enum(['console', 'issuer'])
      .default('console')
      .describe('What signing out ends: the sign-in to the console, or the one at the issuer too where it offers that.'),
  })
  .describe('Lets people sign in to the console here.');

const issuer = z
  .strictObject({
    issuer: z
      .string()
      .refine(isIssuerUrl, 'expected the URL that stands in `iss`, without query, fragment or user')
      .describe('Compared with `iss` character by character.'),
    audience,
    profile: profile.default('oidc'),
    jwksUri: z.string().refine(isHttpUrl, 'expected the URL of a JSON Web Key Set').optional(),
    groupsClaim: z.string().min(1).default('groups'),
    agentClaim: z
      .string()
      .min(1)
      .nullable()
      .optional()
      .describe('What names the agent where the token has no `act`; null for nothing. By default as the profile has it.'),
    personClients: z
      .array(z.string().min(1).max(subjectLimit))
      .max(100)
      .default([])
      .describe('Clients by which people act themselves, such as a command line; that of `login` is one anyway.'),
    algorithms: z
      .array(algorithm)
      .min(1, 'expected at least one algorithm')
      .default([...signatureAlgorithms]),
    cacheFor: duration().prefault('10m').describe('After how long the keys are asked for again.'),
    keysOutliveOutage: duration().prefault('24h').describe('How long known keys go on when the issuer cannot be reached.'),
    login: login.optional(),
  })
  .refine(({ cacheFor, keysOutliveOutage }) => cacheFor <= keysOutliveOutage, {
    path: ['keysOutliveOutage'],
    error: 'must be at least as long as cacheFor: keys cannot go out of use before they are asked for again',
  });

/** The `identity` section of the configuration. Durations come out in milliseconds. */
export const identitySchema = z.strictObject({
  issuers: z
    .array(issuer)
    .min(1, 'at least one issuer is needed: without one nobody can be let in')
    .superRefine((issuers, context) => {
      for (const [index, { issuer }] of issuers.entries())
        if (issuers.findIndex((other) => other.issuer === issuer) < index)
          context.addIssue({
            code: 'custom',
            path: [index, 'issuer'],
            message: `${issuer} stands here twice; write its audiences as one list`,
            input: issuer,
          });
    }),
  directory: z.never('directory is not supported by this version; use an issuer whose tokens carry the groups').optional(),
});

export type IdentitySettings = z.output<typeof identitySchema>;
export type IssuerSettings = IdentitySettings['issuers'][number];

/**
 * Whether every issuer is reached over TLS; plain http is for loopback alone, and only where `listen.tls.insecureLoopback` says
 * so. Returns one message per problem, each beginning with its path in the configuration.
 */
export function assertIssuerTransport(settings: IdentitySettings, insecureLoopback: boolean): string[] {
  return settings.issuers.flatMap((issuer, index) =>
    (['issuer', 'jwksUri'] as const).flatMap((key) => {
      const problem = transportProblem(issuer[key], insecureLoopback);
      return problem === null ? [] : [`identity.issuers[${index}].${key}: ${problem}`];
    }),
  );
}

function transportProblem(text: string | undefined, insecureLoopback: boolean): string | null {
  if (text === undefined) return null;
  const url = new URL(text);
  if (url.protocol === 'https:') return null;
  if (!isLoopback(hostOf(url))) return 'must be https: whoever can change the keys on their way can be anybody';
  return insecureLoopback ? null : 'must be https, or set listen.tls.insecureLoopback: true to let loopback go without TLS';
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === '';
}

/** OpenID Connect Discovery 1.0 section 3: an issuer has no query and no fragment. */
function isIssuerUrl(text: string): boolean {
  return isHttpUrl(text) && !/[?#]/.test(text);
}
