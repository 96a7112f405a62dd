import * as contract from '../api/contract.ts';
import type { Receipt } from '../api/contract.ts';
import { CommandFailure } from './failure.ts';
import type { Output, Streams } from './output.ts';
import { askServer, type Server } from './server-source.ts';
import { shortTime } from './sessions.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

/** Ends a session, or all of a run that goes on, and says what was under way. */
export async function terminate(
  server: Server,
  {
    kind,
    id,
    reason,
    json,
  }: { readonly kind: 'sessions' | 'runs'; readonly id: string; readonly reason: string | null; readonly json: boolean },
  { out }: Streams,
): Promise<void> {
  const route = `/api/v1/${kind}/${encodeURIComponent(id)}/terminate`;
  const answer =
    kind === 'runs'
      ? await askServer(server, route, { body: { reason } }, contract.runReceipt)
      : await askServer(server, route, { body: { reason } }, contract.receipt);
  if (answer === null)
    throw new CommandFailure(
      'NOT_FOUND',
      `There is no such session or run as ${id}, or you may not see it.`,
      'List sessions with: chaperone sessions',
    );
  const receipts = 'items' in answer ? answer.items : [answer];
  if (json) await out.write(`${jsonLine(answer)}\n`);
  else
    await out.write(
      receipts.length === 0 ? 'Nothing of it went on.\n' : `${receipts.map((receipt) => receiptText(receipt, out)).join('\n')}\n`,
    );
}

function receiptText({ stoppedAt, endedAt, lastSequence, inFlight, session }: Receipt, out: Output): string {
  const when = endedAt === null ? 'its end is not on record yet' : `ended ${shortTime(endedAt)}`;
  const what = stoppedAt === null ? 'was over already' : 'stopped';
  const last = lastSequence === null ? '' : `, last entry ${lastSequence}`;
  const width = out.columns === 0 ? 120 : Math.max(40, out.columns - 30);
  const open = (inFlight ?? []).map(({ text, reached }) => {
    const where = reached === 'target' ? 'had been sent; what became of it is not known' : 'had not been sent';
    return `    ${shorten(visibleLine(text), width)}: ${where}`;
  });
  const under = inFlight === null ? ['    what was under way is not archived yet'] : open;
  const count = inFlight === null ? '' : `, ${counted(open.length, 'exchange')} under way`;
  return [`${session.id} ${what}: ${when}${last}${stoppedAt === null ? '' : count}`, ...under].join('\n');
}
