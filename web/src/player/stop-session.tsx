import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { postJson } from '../api/client.ts';
import type { Receipt, RunReceipt, Session } from '../api/types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Moment } from '../parts/moment.tsx';
import { Fault } from '../parts/states.tsx';
import { Visible } from '../parts/visible.tsx';
import { useKeys } from '../shell/keys.tsx';
import { isOwn, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

interface StopProps {
  /** What one press stops: a session, or a run with all that goes on of it. */
  readonly address: string;
  readonly sessions: readonly Session[];
}

/** One press opens, one press stops, nothing is typed before; the receipt says what had already reached the target. */
export function Stop({ address, sessions }: StopProps) {
  const me = useViewer();
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  const may = sessions.filter((session) => session.status === 'active' && (isOwn(me, session) || me.roles.includes('admin')));
  const stop = useMutation({
    mutationFn: () => stopAt(address),
    onSuccess: () =>
      queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name === 'session' || name === 'run' || name === 'story' }),
  });
  useKeys(words.keys.session, may.length === 0 ? [] : [{ keys: '!', says: words.keys.stop, run: () => setOpen(true) }]);
  if (may.length === 0 && !open) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        {words.stop.open}
      </button>
      <Dialog open={open} title={words.stop.title(sessions.length)} onClose={() => setOpen(false)}>
        {stop.data === undefined ? (
          <>
            <p>{words.stop.effect(may.length)}</p>
            {stop.isError && <Fault fault={stop.error} />}
            <button type="button" className="button mt-4" data-primary="true" disabled={stop.isPending} onClick={() => stop.mutate()}>
              {words.stop.now}
            </button>
          </>
        ) : (
          <div role="status" ref={focus} tabIndex={-1} className="flex flex-col gap-4 outline-none">
            {stop.data.map((receipt) => (
              <ReceiptView key={receipt.session.id} receipt={receipt} />
            ))}
          </div>
        )}
      </Dialog>
    </>
  );
}

/** The button that had the focus has gone: what came of it takes its place. */
function focus(receipt: HTMLElement | null): void {
  receipt?.focus();
}

/** A session's receipt is one; a run's has one for each of its sessions. */
async function stopAt(address: string): Promise<readonly Receipt[]> {
  const answer = await postJson<Receipt | RunReceipt>(`${address}/terminate`, {});
  return 'items' in answer ? answer.items : [answer];
}

function ReceiptView({ receipt }: { readonly receipt: Receipt }) {
  const { stoppedAt, endedAt, lastSequence, inFlight } = receipt;
  return (
    <div>
      <p className="text-prose">
        {stoppedAt === null ? words.stop.wasOver : words.stop.stopped}{' '}
        {stoppedAt !== null && <Moment at={stoppedAt} precision="millisecond" />}
      </p>
      <p className="text-quiet">
        {endedAt === null ? words.stop.endUnknown : words.stop.onRecord(lastSequence)}{' '}
        {endedAt !== null && <Moment at={endedAt} precision="millisecond" />}
      </p>
      <p className="mt-3">{inFlight === null ? words.stop.flightUnknown : words.stop.inFlight(inFlight.length)}</p>
      <ul className="mt-1 flex flex-col gap-1">
        {inFlight?.map(({ id, text, reached }) => (
          <li key={id} className="grid grid-cols-[20ch_minmax(0,1fr)] gap-2">
            <span>{words.stop.reached[reached]}</span>
            <code className="truncate">
              <Visible text={text} limit={300} line />
            </code>
          </li>
        ))}
      </ul>
    </div>
  );
}
