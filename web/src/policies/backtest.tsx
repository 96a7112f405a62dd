import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { postJson, serverNow } from '../api/client.ts';
import type { PolicyVersion, TestFindings } from '../api/types.ts';
import { Fault } from '../parts/states.tsx';
import { type Mark, MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { Who } from '../parts/who.tsx';
import { placeOf } from '../runs/kind.ts';
import { words } from '../text.ts';

const periods = ['1', '7', '30'] as const;
const dayMs = 86_400_000;

type Tested = Extract<TestFindings, { readonly kind: 'tested' }>;
type Judgement = Tested['changes'][number]['was'];

const marks: Readonly<Record<Judgement, Mark>> = { permitted: 'permitted', asked: 'held', refused: 'refused' };

/** What is on record, judged by the draft: only what would be decided otherwise, the newly permitted first. */
export function Backtest({ files }: { readonly files: PolicyVersion['texts'] }) {
  const [days, setDays] = useState<(typeof periods)[number]>('7');
  const test = useMutation({
    mutationFn: () => {
      const since = new Date(serverNow() - Number(days) * dayMs).toISOString();
      return postJson<TestFindings>('/api/v1/policies/test', { files, since });
    },
  });
  return (
    <section aria-label={words.policies.test} className="mt-4">
      <div className="flex flex-wrap items-center gap-3">
        <button type="button" className="button" disabled={test.isPending} onClick={() => test.mutate()}>
          {words.policies.test}
        </button>
        <label className="flex items-center gap-2 text-quiet">
          {words.policies.period}
          <select className="field" value={days} onChange={(event) => setDays(periods.find((each) => each === event.target.value) ?? '7')}>
            {periods.map((each) => (
              <option key={each} value={each}>
                {words.policies.periods[each]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div role="status" className="mt-2">
        {test.isPending && <p className="text-quiet">{words.policies.testing}</p>}
        {test.data?.kind === 'tested' && <Changes tested={test.data} />}
      </div>
      {test.isError && <Fault fault={test.error} />}
    </section>
  );
}

function Changes({ tested }: { readonly tested: Tested }) {
  const { judged, sessions, notJudged, complete, changes } = tested;
  return (
    <>
      <p>
        {words.policies.tested(judged, sessions, notJudged)} {!complete && <span className="text-held">{words.policies.notComplete}</span>}
      </p>
      {changes.length === 0 && <p className="text-quiet">{words.policies.noChange}</p>}
      <ul className="mt-2">
        {changes.map((change) => (
          <Change key={`${change.first} ${change.now}`} change={change} />
        ))}
      </ul>
    </>
  );
}

function Change({ change }: { readonly change: Tested['changes'][number] }) {
  const { was, now, connection, user, agent, action, text, policies, message, count, first } = change;
  const { session, ordinal } = placeOf(first);
  return (
    <li className="grid gap-x-4 border-t border-hairline/60 py-2 sm:grid-cols-[26ch_minmax(0,1fr)]">
      <span className="flex flex-wrap items-start gap-x-2 self-start">
        <span className="text-quiet">{words.policies.was}</span> <MarkLabel mark={marks[was]} word={words.policies.judgements[was]} />
        <span className="text-quiet">{words.policies.now}</span> <MarkLabel mark={marks[now]} word={words.policies.judgements[now]} />
      </span>
      <div className="min-w-0">
        <Link
          to="/sessions/$id"
          params={{ id: session }}
          search={{ exchange: ordinal }}
          className="block truncate font-mono text-code no-underline hover:underline"
        >
          <Visible text={text} limit={240} line />
        </Link>
        <p className="text-quiet">
          {words.policies.times(count)} <Visible text={action} limit={60} line /> · <Who who={{ subject: user, email: null, agent }} /> ·{' '}
          <Visible text={connection} limit={60} line /> {policies.length > 0 && `· ${words.run.by(policies)}`}
        </p>
        {message !== null && (
          <p className="text-quiet">
            <Visible text={message} limit={400} />
          </p>
        )}
      </div>
    </li>
  );
}
