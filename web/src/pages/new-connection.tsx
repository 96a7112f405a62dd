import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { postJson } from '../api/client.ts';
import { protocolsQuery } from '../api/queries.ts';
import type { Connection, ConnectionProtocol } from '../api/types.ts';
import { ConnectionForm, type Written } from '../connections/form.tsx';
import { Trial } from '../connections/trial.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

const none: ReadonlySet<string> = new Set();

/** A connection that is not there yet. */
export function NewConnection() {
  const me = useViewer();
  const { data, error, isPending, refetch } = useQuery(protocolsQuery);
  return (
    <div className="overflow-y-auto">
      <PageHead title={words.connections.make}>{words.connections.says}</PageHead>
      {isPending && <Loading what={words.connection.protocol} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {!me.roles.includes('admin') && <Empty title={words.connection.adminsOnly} />}
      {data !== undefined && me.roles.includes('admin') && <Making protocols={data.items} />}
    </div>
  );
}

function Making({ protocols }: { readonly protocols: readonly ConnectionProtocol[] }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: ({ name, connection }: Written) => postJson<Connection>('/api/v1/connections', { name, ...connection }),
    onSuccess: async ({ name }) => {
      await queries.invalidateQueries({ queryKey: ['connections'] });
      await navigate({ to: '/connections/$name', params: { name } });
    },
  });
  const first = (protocols.find(({ serving }) => serving !== null) ?? protocols[0])?.name ?? '';
  const [draft, setDraft] = useState<Written>({ name: '', connection: { protocol: first } });
  return (
    <ConnectionForm
      protocols={protocols}
      draft={draft}
      onDraft={setDraft}
      exists={false}
      secrets={none}
      fault={making.error}
      pending={making.isPending}
      onSave={(written) => making.mutate(written)}
    >
      {({ name, connection }) => <Trial path="/api/v1/connections/test" body={{ name, ...connection }} />}
    </ConnectionForm>
  );
}
