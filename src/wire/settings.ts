import { readFileSync } from 'node:fs';
import { type ZodType, z } from 'zod';
import { Secret } from '../core/secret.ts';
import { hostOf, isLoopback } from './loopback.ts';

/*
 * Building blocks for a protocol's `settings` schema, the one schema of a connection's `target` and `credentials`:
 *
 *     const settings = z.strictObject({
 *       target: z.strictObject({ host: host(), port: port().default(5432), database: z.string().min(1) }),
 *       credentials: z.strictObject({ user: z.string().min(1), password: secret().optional() }),
 *     });
 *     type Settings = z.output<typeof settings>;   // credentials.password is Secret | undefined
 *
 * `strictObject` is what makes an unknown key an error. `.describe()` and `.meta()` reach the published JSON schema and the
 * form; `secret: true` in the meta marks what must be redacted, `file: true` what names a file of this machine. A message of your own may say what to write after a semicolon
 * ("expected x; write y"), which is how it is shown; where you return undefined for a missing value, "is missing" is said for you.
 */

const toSecret = 'put it in an environment variable and write { env: NAME }, or in a file and write { file: PATH }';

/** What is a secret already: nothing that is written as text can be one. */
const given = z.unknown().transform((value, context) => {
  if (value instanceof Secret) return value;
  context.addIssue({ code: 'custom', message: 'is no secret', input: value });
  return z.NEVER;
});

const reference = z
  .union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) }), given], {
    error({ input }) {
      if (input === undefined) return undefined;
      return `${typeof input === 'string' ? 'a secret may not stand in the configuration' : 'expected a secret'}; ${toSecret}`;
    },
  })
  .meta({ secret: true });

/**
 * A secret, written as `{ env: NAME }` or `{ file: PATH }` and read when it is parsed; one newline at a file's end is not part
 * of it. The configuration's loader makes a relative path count from the configuration's folder. A missing or empty one is an
 * issue that names the variable or the file, never the value. A `Secret` is taken as it is.
 */
export function secret(): ZodType<Secret> {
  return reference
    .transform((source, context) => {
      if (source instanceof Secret) return source;
      const read = 'env' in source ? fromEnvironment(source.env) : fromFile(source.file);
      if (read instanceof Secret) return read;
      context.addIssue({ code: 'custom', message: read, input: source });
      return z.NEVER;
    })
    .meta({ secret: true });
}

/** A TCP port. */
export function port(): z.ZodNumber {
  const range = 'expected a port number from 1 to 65535';
  return z
    .int({ error: ({ input }) => (input === undefined ? undefined : `${range}; write it without quotes`) })
    .min(1, range)
    .max(65_535, range);
}

/** A host name or IP address (an IPv6 one without brackets), without a scheme or a port. */
export function host(): z.ZodString {
  return z
    .string()
    .max(255)
    .regex(
      /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]+)?$/,
      'expected a host name or an IP address, without scheme and port',
    );
}

/** Where a target on the web is. */
export interface WebPlace {
  /** Scheme, host and port, without a slash behind them. */
  readonly origin: string;
  readonly secure: boolean;
  /** An IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
  /** What stands before every path: '' or `/…` without a slash at its end. */
  readonly path: string;
}

const aWebPlace = 'write one such as https://api.example.com/v1';

/** The URL of a target: https, or http on loopback; without user, query and fragment, which belong elsewhere. */
export function url(): ZodType<WebPlace, string> {
  return z.string().transform((text, context) => {
    const mistake = (message: string) => {
      context.addIssue({ code: 'custom', message: `${message}; ${aWebPlace}`, input: text });
      return z.NEVER;
    };
    const parsed = URL.parse(text);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) return mistake('is no http or https URL');
    if (parsed.username !== '' || parsed.password !== '') return mistake('has a user or password in it, which belong into credentials');
    if (/[?#]/.test(text)) return mistake('has a query or fragment');
    const [host, secure] = [hostOf(parsed), parsed.protocol === 'https:'];
    if (!secure && !isLoopback(host)) return mistake('is not encrypted, and its host is not on loopback');
    const port = Number(parsed.port) || (secure ? 443 : 80);
    return { origin: parsed.origin, secure, host, port, path: parsed.pathname.replace(/\/+$/, '') };
  });
}

/** The path of the PEM file of whoever vouches for a target. */
export function caFile() {
  return z.string().min(1).meta({ file: true, description: 'A PEM file on the gateway’s machine.' });
}

/** Certificates as text, of whoever vouches for a target. */
export function pem() {
  return z
    .string()
    .max(65_536)
    .regex(
      /^\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/,
      'is no certificate; write the text between and with -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----',
    )
    .meta({ multiline: true, description: 'Certificates in PEM.' });
}

/** What the authority's certificates are. Reads the file where one is named. */
export function authorityOf(tls: { readonly ca: string } | { readonly pem: string }): string {
  return 'pem' in tls ? tls.pem : readFileSync(tls.ca, 'utf8');
}

export type TargetTls = 'verify' | { readonly ca: string } | { readonly pem: string };

/** By whom a target is vouched for that is reached by https. */
export function targetTls(): ZodType<TargetTls> {
  return z
    .union([z.literal('verify'), z.strictObject({ ca: caFile() }), z.strictObject({ pem: pem() })], {
      error: 'expected verify, or { ca: PATH } or { pem: TEXT } with the certificates of the authority that signed the target',
    })
    .default('verify')
    .describe('How the target proves itself: by an authority this machine trusts, or by one named here.');
}

function fromEnvironment(name: string): Secret | string {
  const value = process.env[name];
  if (value === undefined) return `the environment variable ${name} is not set; set it before Chaperone is started`;
  if (value === '') return `the environment variable ${name} is empty; set it before Chaperone is started`;
  return new Secret(value);
}

function fromFile(path: string): Secret | string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (fault) {
    // The code alone: some file systems put more into the message than the path.
    return `the file ${path} cannot be read (${(fault as NodeJS.ErrnoException).code ?? 'unknown error'}); make it readable for the user that runs Chaperone`;
  }
  const value = text.replace(/\r?\n$/, '');
  return value === '' ? `the file ${path} is empty; write the secret into it` : new Secret(value);
}
