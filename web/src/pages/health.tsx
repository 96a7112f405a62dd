import { useQuery } from '@tanstack/react-query';
import { getJson } from '../api/client.ts';
import { PageHead } from '../parts/page-head.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

/** Whether the gateway would admit and record a new session now, and how to check the record without it. */
export function Health() {
  const me = useViewer();
  const ready = useQuery({
    queryKey: ['ready'],
    queryFn: ({ signal }) => getJson<{ readonly status: 'ready'; readonly activeSessions: number }>('/readyz', {}, signal),
    refetchInterval: 5_000,
  });
  return (
    <div className="overflow-y-auto">
      <PageHead title={words.places.health} />
      {ready.isPending && <Loading what={words.places.health} />}
      {ready.isError && <Fault fault={ready.error} retry={() => void ready.refetch()} />}
      {ready.data !== undefined && (
        <p className="px-4 text-prose" role="status">
          <MarkLabel mark="permitted" word={words.health.ready} /> · {words.health.open(ready.data.activeSessions)}
        </p>
      )}
      <section className="max-w-[72ch] px-4 pt-6">
        <h2 className="text-section font-semibold">{words.health.proof}</h2>
        <p className="mt-1">{words.health.proofSays}</p>
        <pre className="mt-2 border-l-2 border-control bg-raised p-3" tabIndex={0}>
          {words.health.proofCommand}
        </pre>
      </section>
      <section className="max-w-[72ch] px-4 pt-6 pb-8">
        <h2 className="text-section font-semibold">{words.health.you}</h2>
        <dl className="mt-1 grid grid-cols-[14ch_1fr] gap-y-1">
          <dt className="text-quiet">{words.health.subject}</dt>
          <dd>{me.principal.subject}</dd>
          <dt className="text-quiet">{words.health.issuer}</dt>
          <dd className="break-all">{me.principal.issuer}</dd>
          <dt className="text-quiet">{words.health.groups}</dt>
          <dd>{me.principal.groups.join(', ') || words.health.noGroups}</dd>
          <dt className="text-quiet">{words.health.sees}</dt>
          <dd>{words.health.seesWhat[me.sees]}</dd>
        </dl>
      </section>
    </div>
  );
}
