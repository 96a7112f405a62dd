import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { policiesQuery } from '../api/queries.ts';
import type { PolicySet } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { type Mark, MarkLabel } from '../parts/verdict.tsx';
import { Draft } from '../policies/draft.tsx';
import { Versions } from '../policies/versions.tsx';
import { withFilter } from '../query/fields.ts';
import { words } from '../text.ts';

type Policy = PolicySet['items'][number];

const views = ['rules', 'versions', 'draft'] as const;

/** The policies in force, each with the line that it stands on; the versions before; and a draft that is checked as it is written. */
export function Policies() {
  const { view, version } = useSearch({ from: '/shell/policies' });
  const { data, error, isPending, refetch } = useQuery(policiesQuery);
  const shown = views.find((each) => each === view) ?? 'rules';
  return (
    <>
      <PageHead title={words.places.policies} actions={<Views shown={shown} />}>
        {data !== undefined && (
          <>
            {words.policies.version} <code>{data.version.slice(0, 12)}</code> · {words.policies.since} <Moment at={data.since} /> ·{' '}
            {data.author}
          </>
        )}
      </PageHead>
      {isPending && <Loading what={words.places.policies} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && data.problems.length > 0 && <Problems problems={data.problems} />}
      {data !== undefined && shown === 'rules' && <Rules policies={data.items} />}
      {data !== undefined && shown === 'versions' && <Versions version={version ?? null} inForce={data.version} />}
      {data !== undefined && shown === 'draft' && <Draft version={data.version.slice(0, 12)} />}
    </>
  );
}

function Views({ shown }: { readonly shown: (typeof views)[number] }) {
  return (
    <nav aria-label={words.policies.viewsLabel} className="flex gap-2">
      {views.map((view) => (
        <Link
          key={view}
          to="/policies"
          search={view === 'rules' ? {} : { view }}
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={view === shown ? 'page' : undefined}
          className="button aria-[current=page]:border-ink aria-[current=page]:font-semibold"
        >
          {words.policies.views[view]}
        </Link>
      ))}
    </nav>
  );
}

function Rules({ policies }: { readonly policies: readonly Policy[] }) {
  if (policies.length === 0) return <Empty title={words.policies.none}>{words.policies.noneHint}</Empty>;
  return (
    <div className="min-h-0 overflow-auto border-t border-hairline" tabIndex={0} role="region" aria-label={words.places.policies}>
      <ul>
        {policies.map((policy) => (
          <PolicyRow key={policy.id} policy={policy} />
        ))}
      </ul>
    </div>
  );
}

function Problems({ problems }: { readonly problems: PolicySet['problems'] }) {
  return (
    <div role="alert" className="mx-4 mb-3 border-l-2 border-refused bg-refused-tint p-3">
      <p className="font-semibold">{words.policies.notInForce}</p>
      <ul>
        {problems.map(({ file, line, message, remedy }) => (
          <li key={`${file} ${line} ${message}`}>
            <code>
              {file}:{line}
            </code>{' '}
            {message} {remedy}
          </li>
        ))}
      </ul>
    </div>
  );
}

function PolicyRow({ policy }: { readonly policy: Policy }) {
  const { id, reason, approval, breakGlass, file, line } = policy;
  return (
    <li className="grid gap-x-4 border-b border-hairline/60 px-4 py-2 sm:grid-cols-[14ch_minmax(0,1fr)_auto]">
      <span className="self-start">
        <MarkLabel mark={policyMark(policy)} word={words.policies.kinds[kindOf(policy)]} />
      </span>
      <div className="min-w-0">
        <Link to="/exchanges" search={{ q: withFilter('', 'policy', id) }} className="font-semibold no-underline hover:underline">
          {id}
        </Link>
        {reason !== null && <p>{reason}</p>}
        {approval !== null && <p className="text-quiet">{words.policies.lifted(approval)}</p>}
        {breakGlass !== null && <p className="text-quiet">{words.policies.breakGlass(breakGlass)}</p>}
      </div>
      <code className="text-quiet">
        {file}:{line}
      </code>
    </li>
  );
}

function kindOf({ effect, approval }: Policy): 'permit' | 'asks' | 'forbid' {
  if (effect === 'permit') return 'permit';
  return approval === null ? 'forbid' : 'asks';
}

function policyMark(policy: Policy): Mark {
  const kind = kindOf(policy);
  return kind === 'permit' ? 'permitted' : kind === 'asks' ? 'held' : 'refused';
}
