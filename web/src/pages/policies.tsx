import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { policiesQuery } from '../api/queries.ts';
import type { PolicySet } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { type Mark, MarkLabel } from '../parts/verdict.tsx';
import { withFilter } from '../query/fields.ts';
import { words } from '../text.ts';

type Policy = PolicySet['items'][number];

/** The policies in force, each with the line that it stands on. */
export function Policies() {
  const { data, error, isPending, refetch } = useQuery(policiesQuery);
  return (
    <>
      <PageHead title={words.places.policies}>
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
      {data?.items.length === 0 && <Empty title={words.policies.none}>{words.policies.noneHint}</Empty>}
      {data !== undefined && data.items.length > 0 && (
        <div className="min-h-0 overflow-auto border-t border-hairline" tabIndex={0} role="region" aria-label={words.places.policies}>
          <ul>
            {data.items.map((policy) => (
              <PolicyRow key={policy.id} policy={policy} />
            ))}
          </ul>
        </div>
      )}
    </>
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
