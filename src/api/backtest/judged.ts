import { z } from 'zod';
import { type Action, effects, plainAction } from '../../core/action.ts';
import type { Decision } from '../../core/entry.ts';
import type { Circumstance } from '../../core/stages.ts';

/*
 * What a recording says of judged exchanges. Lines are hostile and may come from a gateway of another version: an exchange that is
 * not understood is counted and not judged.
 */

const object = z.object({ type: z.string(), name: z.string() });
const action = z.object({
  name: z.string(),
  effect: z.enum(effects),
  demands: z.array(z.object({ action: z.string(), effect: z.enum(effects), object: object.nullable() })).min(1),
  objects: z.array(object),
  text: z.string(),
  facts: z.record(z.string(), z.json()),
});
const decision = z.object({
  verdict: z.enum(['permitted', 'approved', 'refused', 'denied', 'expired']),
  code: z.string().nullable(),
  approval: z.string().nullable(),
});
const principal = z.object({
  subject: z.string(),
  issuer: z.string(),
  email: z.string().nullable(),
  groups: z.array(z.string()),
  agent: z.string().nullable(),
  actors: z.array(z.string()),
});
const facts = z.object({ connection: z.string(), principal: principal.nullable(), run: z.string().nullable(), decision });
const line = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('session'), facts }),
  z.object({ kind: z.literal('exchange'), exchange: z.number(), action }),
  z.object({ kind: z.literal('decision'), exchange: z.number(), decision }),
]);
const anyExchange = z.object({ kind: z.literal('exchange') });

/** How something was decided, as far as policy is concerned: a person's answer is that a person was asked. */
export type Judgement = 'permitted' | 'asked' | 'refused';

/** One exchange as it was judged. Ordinal 0 is the connecting itself. */
export interface JudgedExchange {
  readonly ordinal: number;
  readonly circumstance: Circumstance;
  readonly action: Action;
  readonly was: Judgement;
}

/** The judged exchanges of a recording's lines; null for each that cannot be judged again. */
export async function* judgedExchanges(lines: AsyncIterable<object>): AsyncGenerator<JudgedExchange | null> {
  let circumstance: Circumstance | null = null;
  const asked = new Map<number, Action>();
  for await (const value of lines) {
    const read = line.safeParse(value);
    if (!read.success) {
      if (anyExchange.safeParse(value).success) yield null;
      continue;
    }
    const entry = read.data;
    if (entry.kind === 'exchange') {
      asked.set(entry.exchange, entry.action);
      continue;
    }
    if (entry.kind === 'session') {
      // Whoever could not be identified was never judged.
      if (entry.facts.principal === null) return;
      circumstance = circumstanceOf(entry.facts, entry.facts.principal);
    }
    const ordinal = entry.kind === 'session' ? 0 : entry.exchange;
    const decided = entry.kind === 'session' ? entry.facts.decision : entry.decision;
    const action = entry.kind === 'session' ? plainAction('connect', 'unknown', 'connect') : asked.get(ordinal);
    asked.delete(ordinal);
    const was = judgementOf(decided);
    if (was !== null && action !== undefined && circumstance !== null) yield { ordinal, circumstance, action, was };
  }
}

function circumstanceOf({ connection, run }: z.output<typeof facts>, who: z.output<typeof principal>): Circumstance {
  // Policy does not see the token.
  const token = { issuer: who.issuer, subject: who.subject, jti: null, sha256: '', expiresAt: 0 };
  return { principal: { ...who, token }, connection, run };
}

/** Null where something else than policy refused. */
function judgementOf({
  verdict,
  code,
  approval,
}: Pick<Decision, 'verdict' | 'approval'> & { readonly code: string | null }): Judgement | null {
  if (verdict === 'permitted') return 'permitted';
  if (verdict !== 'refused' || approval !== null) return 'asked';
  return code === 'ACCESS_REFUSED' || code === 'POLICY_FAULT' ? 'refused' : null;
}
