import { z } from 'zod';
import { duration } from '../../wire/duration.ts';
import { secret, targetTls, url } from '../../wire/settings.ts';

const unitBytes: { readonly [unit: string]: number } = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

function size() {
  return z
    .string()
    .regex(/^[1-9]\d{0,5}(KiB|MiB|GiB)$/, 'expected a size; write a whole number and KiB, MiB or GiB, such as 64MiB')
    .transform((text) => Number.parseInt(text, 10) * (unitBytes[text.slice(-3)] ?? 0));
}

const origin = url().refine(({ path }) => path === '', 'has a path; write scheme, host and port alone');

const target = z.strictObject({
  url: url()
    .refine(({ path }) => path !== '', 'names no repository; write its whole address, such as https://git.example.com/team/web-app.git')
    .describe('The one repository that the connection leads to, as `git clone` takes it.'),
  tls: targetTls(),
  signers: z
    .array(
      z
        .string()
        .max(4_096)
        .regex(
          /^[^\s,*?!"#@]+@[^\s,*?!"#@]+ (ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}( .*)?$/,
          'expected an e-mail address and a public key of OpenSSH; write one such as ada@example.com ssh-ed25519 AAAA…',
        ),
    )
    .max(1_000)
    .default([])
    .describe('Whose signatures count, a line for each key: the committer’s e-mail address and the public key.'),
  lfs: z
    .strictObject({
      origins: z.array(origin).max(16).default([]).describe('Where large files may be stored besides the target’s own host.'),
    })
    .prefault({}),
});

/** What one push may be. More is refused before anything is forwarded. */
const limits = z.strictObject({
  pack: size().prefault('1GiB').describe('Bytes of a push, as the client sends it.'),
  objects: z.int().min(1).max(50_000_000).default(2_000_000).describe('Objects in a push.'),
  commits: z.int().min(1).max(1_000_000).default(100_000).describe('Commits in a push that the target does not have.'),
  patch: size().prefault('512MiB').describe('What a push changes, as a patch.'),
  time: duration().prefault('10m').describe('How long the gateway may take to find out what a push does.'),
  mirror: size().prefault('64GiB').describe('Bytes that the target may send to the mirror at once.'),
});

const credentials = z
  .strictObject({ user: z.string().min(1).max(256), password: secret().describe('The password or token of the user.') })
  .optional()
  .describe('What the gateway proves itself with to the target; clients never see it. Absent where the target asks for nothing.');

/** A connection's `target` and `credentials`. */
export const settings = z.strictObject({ target: target.extend({ limits: limits.prefault({}) }), credentials });
export type Settings = z.output<typeof settings>;
