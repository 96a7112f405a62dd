import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import { isRefusedBy, sendJson } from '../api/client.ts';
import { connectionQuery } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Fault } from '../parts/states.tsx';
import { words } from '../text.ts';

interface RemoveProps {
  readonly connection: Connection;
  readonly path: string;
}

/** Removal ends sessions at once, so its name is read back before. */
export function Remove({ connection, path }: RemoveProps) {
  const { name } = connection;
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        {words.connection.remove}
      </button>
      <Dialog open={open} title={words.connection.removeTitle(name)} onClose={() => setOpen(false)}>
        <Confirm connection={connection} path={path} />
      </Dialog>
    </>
  );
}

/** What is removed is what was shown when the dialog was opened. */
function Confirm({ connection, path }: RemoveProps) {
  const [{ name, version }] = useState(connection);
  const [typed, setTyped] = useState('');
  const id = useId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const removal = useMutation({
    mutationFn: () => sendJson('DELETE', path, undefined, version),
    onSuccess: async () => {
      await navigate({ to: '/connections' });
      await queries.invalidateQueries({ queryKey: ['connections'] });
    },
    onError: async (fault) => {
      if (isRefusedBy(fault, 'VERSION_STALE')) await queries.invalidateQueries({ queryKey: connectionQuery(name).queryKey });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === name) removal.mutate();
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={submit}>
      <p>{words.connection.removeSays}</p>
      <label htmlFor={id}>
        {words.connection.readBack}: <code>{name}</code>
      </label>
      <input
        id={id}
        className="field max-w-[40ch]"
        value={typed}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
      />
      {removal.isError && <Fault fault={removal.error} />}
      <button type="submit" className="button w-fit" data-primary="true" disabled={typed !== name || removal.isPending}>
        {words.connection.removeNow}
      </button>
    </form>
  );
}
