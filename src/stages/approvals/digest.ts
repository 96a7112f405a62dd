import { createHash } from 'node:crypto';
import type { Act } from '../../core/exchange.ts';
import type { Session } from '../../core/session.ts';
import type { Question } from '../../core/verdict.ts';

const domain = 'chaperone approval 2';

/**
 * SHA-256 over everything that an answer is bound to: who asks, where, what exactly, and by which policies. Each field carries its
 * length, so that no two lists of fields have one encoding. What the act was read as is in it too: the same text can mean
 * another object once the session looks elsewhere for it.
 */
export function digestOf(question: Question, session: Session, act: Act): string {
  const { facts, principal } = session;
  const hash = createHash('sha256');
  const fields: readonly (string | Uint8Array | null)[] = [
    domain,
    facts.connection,
    facts.protocol,
    principal.issuer,
    principal.subject,
    principal.agent,
    errandOf(session),
    question.grounds.version,
    JSON.stringify([...new Set(question.groups)].sort()),
    JSON.stringify(act.action.demands.map(({ action, effect, object }) => [action, effect, object?.type ?? null, object?.name ?? null])),
    act.bytes,
    act.stated?.text ?? null,
  ];
  for (const field of fields) {
    const bytes = field === null ? null : typeof field === 'string' ? Buffer.from(field, 'utf8') : field;
    const length = Buffer.alloc(9);
    length.writeUInt8(bytes === null ? 0 : 1);
    length.writeBigUInt64BE(BigInt(bytes?.byteLength ?? 0), 1);
    hash.update(length).update(bytes ?? '');
  }
  return hash.digest('hex');
}

/**
 * What ties an approval to one task of one agent: its run. Without a run it is the token, so that a client which connects anew for
 * each statement may use what it asked for, and another with a token of its own may not.
 */
function errandOf({ facts, principal }: Session): string {
  return facts.run === null ? `token ${principal.token.sha256}` : `run ${facts.run}`;
}
