import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { postJson } from '../api/client.ts';
import type { Session, Terminated } from '../api/types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Moment } from '../parts/moment.tsx';
import { Fault } from '../parts/states.tsx';
import { useKeys } from '../shell/keys.tsx';
import { isOwn, useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

/** One press opens, one press stops, nothing is typed before; the receipt says what had already reached the target. */
export function StopSession({ session }: { readonly session: Session }) {
  const me = useViewer();
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  const stop = useMutation({
    mutationFn: () => postJson<Terminated>(`/api/v1/sessions/${encodeURIComponent(session.id)}/terminate`, {}),
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
          <Receipt receipt={stop.data} />
        )}
      </Dialog>
    </>
  );
}

function Receipt({ receipt }: { readonly receipt: Terminated }) {
  return (
    <div role="status">
      <p className="text-prose">
        {words.stop.stopped} <Moment at={receipt.endedAt} precision="millisecond" />
      </p>
    </div>
  );
}
