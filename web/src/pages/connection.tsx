import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { connectionQuery } from '../api/queries.ts';
import { Changing } from '../connections/changing.tsx';
import { Facts } from '../connections/facts.tsx';
import { Remove } from '../connections/remove.tsx';
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
            {isAdmin && isOurs && <Remove connection={data} path={path} />}
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
      {data !== undefined && isAdmin && isOurs && <Changing key={name} connection={data} path={path} />}
    </div>
  );
}
