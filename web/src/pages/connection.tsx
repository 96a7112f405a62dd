import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { sendJson } from '../api/client.ts';
import { connectionQuery, protocolsQuery } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { Facts } from '../connections/facts.tsx';
import { ConnectionForm, type Written } from '../connections/form.tsx';
import { Remove } from '../connections/remove.tsx';
import { withKept } from '../connections/shape.ts';
import { Trial } from '../connections/trial.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

/** One connection: what it is, whether it works, and, where it was made here, its settings. */
export function ConnectionPage() {
  const { name } = useParams({ from: '/shell/connections/$name' });
  const { data, error, isPending, refetch } = useQuery(connectionQuery(name));
  const me = useViewer();
  const isAdmin = me.roles.includes('admin');
  const path = `/api/v1/connections/${encodeURIComponent(name)}`;
  const isOurs = data?.origin.kind === 'console';
  const sessions = (
    <Link className="button" to="/sessions" search={{ connection: name }}>
      {words.connection.sessions}
    </Link>
  );
  return (
    <div className="overflow-y-auto">
      <PageHead
        title={name}
        actions={
          <>
            {sessions}
            {isAdmin && isOurs && <Remove name={name} path={path} />}
          </>
        }
      >
        {data?.origin.kind === 'file' ? words.connection.fixed : undefined}
      </PageHead>
      {isPending && <Loading what={name} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && <Facts connection={data} />}
      {data !== undefined && isAdmin && data.fault === null && (
        <div className="px-4 pb-4">
          <Trial path={`${path}/test`} />
        </div>
      )}
      {data !== undefined && isAdmin && isOurs && <Changing key={changedAt(data)} connection={data} path={path} />}
    </div>
  );
}

/** After a change the form begins anew with what is kept. */
function changedAt({ origin }: Connection): string {
  return origin.kind === 'console' ? origin.changed.at : '';
}

function Changing({ connection, path }: { readonly connection: Connection; readonly path: string }) {
  const { data } = useQuery(protocolsQuery);
  const queries = useQueryClient();
  const changing = useMutation({
    mutationFn: (written: Written) => sendJson<Connection>('PUT', path, written.connection),
    onSuccess: (changed) => {
      queries.setQueryData(connectionQuery(changed.name).queryKey, changed);
      return queries.invalidateQueries({ queryKey: ['connections'] });
    },
  });
  if (data === undefined) return <Loading what={words.connection.edit} />;
  const { name, secrets } = connection;
  const written = withKept(connection.written ?? { protocol: connection.protocol }, secrets);
  return (
    <section aria-label={words.connection.edit}>
      <h2 className="px-4 pt-2 pb-3 text-section font-semibold">{words.connection.edit}</h2>
      <ConnectionForm
        protocols={data.items}
        first={{ name, connection: written }}
        exists
        secrets={new Set(secrets.map(({ field }) => field))}
        fault={changing.error}
        pending={changing.isPending}
        onSave={(draft) => changing.mutate(draft)}
      >
        {(draft) => <Trial path="/api/v1/connections/test" body={{ ...draft.connection, name }} />}
      </ConnectionForm>
    </section>
  );
}
