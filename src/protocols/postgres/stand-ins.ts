import { cstring, encodeMessage } from './messages.ts';
import { encodeRefusal } from './sqlstates.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** A message that PostgreSQL must refuse: it binds a statement that cannot exist. See the step `refused`. */
export const mustFail = encodeMessage('B', cstring('chaperone refused'), cstring('chaperone refused'), Buffer.alloc(6));
export const sync = encodeMessage('S');

/** What the client is told in the target's place. */
export function wordsTo({ gate }: StatementExchange): Buffer {
  return gate.kind === 'shut' ? encodeRefusal(gate.refusal) : Buffer.alloc(0);
}
