import { ask } from './question.ts';
import type { StatementExchange } from './statement-exchange.ts';

/**
 * Asks the target, in the middle of a batch, how it reads texts by now: since PostgreSQL 14 it tells of a changed
 * client_encoding only when it is ready. SHOW takes no snapshot, so that the client's transaction can still be characterized.
 */
export async function askEncoding(steps: Parameters<typeof ask>[2], port: Port): Promise<void> {
  const encoding = await ask('show client_encoding', false, steps, port);
  if (encoding !== null) port.encodingChanged(encoding);
}

interface Port {
  ask(bytes: Buffer): void;
  encodingChanged(name: string): void;
}

/** What opens a transaction, or a place in one, is harmless. Anything else may run a function that sets the encoding. */
const harmless = /^(?:begin|start\s+transaction|savepoint\s)[\w\s,]*;?$/i;
const harmlessLength = 256;

export function leavesEncoding({ bound, executed, action: { text } }: StatementExchange): boolean {
  return (!bound && !executed) || (text.length < harmlessLength && harmless.test(text.trim()));
}
