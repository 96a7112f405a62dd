import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { postJson } from '../api/client.ts';
import type { Session, Receipt } from '../api/types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Moment } from '../parts/moment.tsx';
import { Fault } from '../parts/states.tsx';
import { Visible } from '../parts/visible.tsx';
import { useKeys } from '../shell/keys.tsx';
import { isOwn, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

/** One press opens, one press stops, nothing is typed before; the receipt says what had already reached the target. */
export function StopSession({ session }: { readonly session: Session }) {
  const me = useViewer();
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  const stop = useMutation({
    mutationFn: () => postJson<Receipt>(`/api/v1/sessions/${encodeURIComponent(session.id)}/terminate`, {}),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['session', session.id] }),
  });
  const may = session.status === 'active' && (isOwn(me, session) || me.roles.includes('admin'));
  useKeys(words.keys.session, may ? [{ keys: '!', says: words.keys.stop, run: () => setOpen(true) }] : []);
  if (!may && !open) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        {words.stop.open}
      </button>
      <Dialog open={open} title={words.stop.title} onClose={() => setOpen(false)}>
        {stop.data === undefined ? (
          <>
            <p>{words.stop.effect}</p>
            {stop.isError && <Fault fault={stop.error} />}
            <button type="button" className="button mt-4" data-primary="true" disabled={stop.isPending} onClick={() => stop.mutate()}>
              {words.stop.now}
            </button>
          </>
        ) : (
          <ReceiptView receipt={stop.data} />
        )}
      </Dialog>
    </>
  );
}

function ReceiptView({ receipt }: { readonly receipt: Receipt }) {
  const { stoppedAt, endedAt, lastSequence, inFlight } = receipt;
  return (
    <div role="status">
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
