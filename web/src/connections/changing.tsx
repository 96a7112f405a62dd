import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { isRefusedBy, postJson, sendJson } from '../api/client.ts';
import { connectionQuery, protocolsQuery } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { Loading } from '../parts/states.tsx';
import { words } from '../text.ts';
import { ConnectionForm, type Written } from './form.tsx';
import { Meanwhile } from './meanwhile.tsx';
import { compact, type Fields, isFields, withKept } from './shape.ts';
import { merged } from './three-ways.ts';
import { Trial } from './trial.tsx';

interface ChangingProps {
  /** As it was last read; somebody else may have changed it since the form began. */
  readonly connection: Connection;
  readonly path: string;
}

/** The settings of a connection that was made here. What is written stays, whatever others do to the connection meanwhile. */
export function Changing({ connection, path }: ChangingProps) {
  const { data } = useQuery(protocolsQuery);
  const [base, setBase] = useState(connection);
  const [draft, setDraft] = useState<Written>(() => asWritten(connection));
  const begin = (from: Connection) => {
    setBase(from);
    setDraft(asWritten(from));
  };
  const { changing, making } = useChanges(base, path, begin);
  if (data === undefined) return <Loading what={words.connection.edit} />;
  const isStale = connection.version !== base.version && !changing.isPending && !making.isPending;
  const isGone = isRefusedBy(changing.error, 'NOT_FOUND');
  const fault = isGone ? making.error : changing.error;
  const goOn = (from: Connection) => {
    setDraft({ name: from.name, connection: mergedInto(base, draft, from) });
    setBase(from);
    changing.reset();
  };
  return (
    <section aria-label={words.connection.edit}>
      <h2 className="px-4 pt-2 pb-3 text-section font-semibold">{words.connection.edit}</h2>
      <ConnectionForm
        protocols={data.items}
        draft={draft}
        onDraft={setDraft}
        exists
        secrets={new Set(base.secrets.map(({ field }) => field))}
        fault={isStale && isRefusedBy(fault, 'VERSION_STALE') ? null : fault}
        pending={changing.isPending}
        onSave={(written) => changing.mutate(written)}
      >
        {(written) => (
          <>
            {isStale && (
              <Meanwhile
                base={base}
                now={connection}
                mine={written.connection}
                answers={isRefusedBy(changing.error, 'VERSION_STALE')}
                onGoOn={() => goOn(connection)}
                onLoad={() => {
                  begin(connection);
                  changing.reset();
                }}
              />
            )}
            {isGone && <Gone pending={making.isPending} onMake={() => making.mutate(written)} />}
            <Trial path="/api/v1/connections/test" body={{ ...written.connection, name: base.name }} />
          </>
        )}
      </ConnectionForm>
    </section>
  );
}

function useChanges(base: Connection, path: string, begin: (from: Connection) => void) {
  const queries = useQueryClient();
  const { queryKey } = connectionQuery(base.name);
  // Pending until the form has begun anew, so that one's own change is never taken for somebody else's.
  const onSuccess = async (changed: Connection) => {
    queries.setQueryData(queryKey, changed);
    await queries.invalidateQueries({ queryKey: ['connections'] });
    begin(changed);
  };
  const changing = useMutation({
    mutationFn: ({ connection }: Written) => sendJson<Connection>('PUT', path, connection, base.version),
    onSuccess,
    onError: async (fault) => {
      if (isRefusedBy(fault, 'VERSION_STALE')) await queries.invalidateQueries({ queryKey });
    },
  });
  const making = useMutation({
    mutationFn: ({ name, connection }: Written) => postJson<Connection>('/api/v1/connections', { name, ...connection }),
    onSuccess: async (made: Connection) => {
      await onSuccess(made);
      changing.reset();
    },
  });
  return { changing, making };
}

/** It was removed while somebody wrote. */
function Gone({ pending, onMake }: { readonly pending: boolean; readonly onMake: () => void }) {
  return (
    <div role="alert" className="flex max-w-[72ch] flex-col gap-2 border-l-2 border-refused pl-3">
      <p className="text-prose">{words.connection.gone}</p>
      <p className="text-quiet">{words.connection.goneSays}</p>
      <button type="button" className="button w-fit" disabled={pending} onClick={onMake}>
        {words.connection.makeAgain}
      </button>
    </div>
  );
}

function asWritten({ name, written, protocol, secrets }: Connection): Written {
  return { name, connection: withKept(written ?? { protocol }, secrets) };
}

function mergedInto(base: Connection, draft: Written, theirs: Connection): Fields {
  const [before, mine, now] = [asWritten(base), draft, asWritten(theirs)].map(({ connection }) => compact(connection));
  const both = merged(before, mine, now);
  return isFields(both) ? both : draft.connection;
}
