import { z } from 'zod';

/*
 * A line of a recording as the player reads it. Lines are hostile and may come from a gateway of another version: what is
 * not understood is shown as a line that is not understood, never dropped.
 */

const cell = z.string().nullable();
const part = z.discriminatedUnion('shape', [
  z.object({ shape: z.literal('rows'), columns: z.array(z.string()), rows: z.array(z.array(cell)) }),
  z.object({ shape: z.literal('document'), mediaType: z.string(), value: z.json() }),
  z.object({ shape: z.literal('text'), text: z.string() }),
  z.discriminatedUnion('event', [
    z.object({ shape: z.literal('terminal'), event: z.enum(['output', 'input']), text: z.string() }),
    z.object({ shape: z.literal('terminal'), event: z.literal('resize'), columns: z.number(), rows: z.number() }),
  ]),
  z.object({ shape: z.literal('bytes'), count: z.number(), base64: z.string().nullable() }),
  z.object({ shape: z.literal('mark'), name: z.string(), detail: z.record(z.string(), z.json()) }),
]);

const head = {
  /** Milliseconds since the epoch. */
  at: z.union([z.number(), z.iso.datetime().transform((text) => Date.parse(text))]),
  exchange: z.number(),
};
const direction = z.enum(['request', 'reply']);
const decision = z.object({
  verdict: z.string(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  grounds: z.object({ policies: z.array(z.string()) }),
  approval: z.string().nullable().default(null),
});
const outcome = z.object({
  status: z.string(),
  rows: z.number().nullable(),
  tag: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

const masked = z.array(z.object({ rule: z.string(), column: z.string().nullable(), detector: z.string().nullable(), count: z.number() }));

const line = z.discriminatedUnion('kind', [
  z.object({ ...head, kind: z.literal('session') }),
  z.object({ ...head, kind: z.literal('exchange'), action: z.object({ name: z.string(), effect: z.string(), text: z.string() }) }),
  z.object({ ...head, kind: z.literal('decision'), decision }),
  z.object({ ...head, kind: z.literal('bytes'), direction, parts: z.array(part), original: z.boolean().default(false) }),
  z.object({ ...head, kind: z.literal('key') }),
  z.object({ ...head, kind: z.literal('sealed') }),
  z.object({ ...head, kind: z.literal('withheld'), direction, count: z.number(), sha256: z.string() }),
  z.object({ ...head, kind: z.literal('masked'), masked }),
  z.object({ ...head, kind: z.literal('outcome'), outcome }),
  z.object({ ...head, kind: z.literal('gap'), direction, count: z.number(), reason: z.string() }),
  z.object({ ...head, kind: z.literal('end'), end: z.object({ status: z.string(), reason: z.string() }) }),
]);

export type PlayedLine = z.output<typeof line>;
export type PlayedPart = z.output<typeof part>;
export type PlayedDecision = z.output<typeof decision>;
export type PlayedMasked = z.output<typeof masked>;
export type PlayedOutcome = z.output<typeof outcome>;

/** The line, or null where it is not one that this player understands. */
export function readLine(value: object): PlayedLine | null {
  const read = line.safeParse(value);
  return read.success ? read.data : null;
}
