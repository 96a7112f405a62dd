import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { overviewQuery } from '../api/queries.ts';
import type { Overview as Answer } from '../api/types.ts';
import { Approvals } from '../overview/approvals.tsx';
import { Changed } from '../overview/changed.tsx';
import { Flows } from '../overview/flows.tsx';
import { Fresh } from '../overview/fresh.tsx';
import { Proof } from '../overview/proof.tsx';
import { Rules } from '../overview/rules.tsx';
import { sized } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { Shape, tintOf } from '../parts/verdict.tsx';
import { words } from '../text.ts';

const ranges = ['24', '168', '720'] as const;

/** Six questions, each with the marks that answer it; every mark leads to the exchanges behind it. */
export function Overview() {
  const { hours } = useSearch({ from: '/shell/overview' });
  const range = ranges.find((each) => each === hours) ?? '24';
  const { data, error, isPending, refetch } = useQuery(overviewQuery(Number(range)));
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <PageHead title={words.places.overview} actions={<Range range={range} />}>
        {data !== undefined && !data.complete && words.overview.incomplete}
      </PageHead>
      {isPending && <Loading what={words.places.overview} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && <Answers overview={data} />}
    </div>
  );
}

function Range({ range }: { readonly range: (typeof ranges)[number] }) {
  const navigate = useNavigate();
  return (
    <label className="flex items-center gap-2 text-quiet">
      {words.overview.range}
      <select
        className="field"
        value={range}
        onChange={(event) => void navigate({ to: '/overview', search: { hours: event.target.value } })}
      >
        {ranges.map((each) => (
          <option key={each} value={each}>
            {words.overview.ranges[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Answers({ overview }: { readonly overview: Answer }) {
  const { recorder } = overview;
  return (
    <>
      {recorder.ready !== null && (
        <p role="alert" className={`hatch flex items-center gap-2 px-4 py-2 ${tintOf('gap')}`}>
          <Shape mark="gap" />
          {words.overview.notReady} {recorder.ready}
        </p>
      )}
      {recorder.lagBytes !== null && recorder.lagBytes > 1_000_000 && (
        <p className="px-4 pb-2 text-held">{words.overview.lag(sized(recorder.lagBytes))}</p>
      )}
      <Changed overview={overview} />
      <div className="grid border-t border-hairline xl:grid-cols-2">
        <Rules overview={overview} />
        <Fresh overview={overview} />
        <Approvals overview={overview} />
        <Flows overview={overview} />
      </div>
      <Proof overview={overview} />
    </>
  );
}
