import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { postJson } from '../api/client.ts';
import type { TrialReport } from '../api/types.ts';
import { Fault } from '../parts/states.tsx';
import { words } from '../text.ts';

interface TrialProps {
  /** What is tried: what there is, or what is written. */
  readonly path: string;
  readonly body?: unknown;
}

/** Tries a connection, and says how far it came. */
export function Trial({ path, body }: TrialProps) {
  const trial = useMutation({ mutationFn: () => postJson<TrialReport>(path, body) });
  return (
    <section className="flex flex-col gap-2 border-t border-hairline pt-4" aria-label={words.connection.test}>
      <div className="flex flex-wrap items-center gap-3">
        <button type="button" className="button" disabled={trial.isPending} onClick={() => trial.mutate()}>
          {trial.data === undefined ? words.connection.test : words.connection.testAgain}
        </button>
        <span className="text-quiet">{words.connection.testSays}</span>
      </div>
      <div role="status">
        {trial.isPending && <p className="text-quiet">{words.connection.testing}</p>}
        {trial.data !== undefined && !trial.isPending && <Report report={trial.data} />}
      </div>
      {trial.isError && <Fault fault={trial.error} />}
    </section>
  );
}

function Report({ report: { steps, failure, says, session } }: { readonly report: TrialReport }) {
  const isAmong = failure === null || steps.some(({ step }) => step === failure.step);
  const shown = isAmong ? steps : [...steps, { step: failure.step, ms: null }];
  return (
    <div className="flex flex-col gap-2" data-trial={failure === null ? 'works' : 'failed'}>
      <ol className="grid w-fit grid-cols-[repeat(3,auto)] gap-x-6">
        {shown.map(({ step, ms }) => {
          const failed = failure?.step === step;
          return (
            <li key={step} className={`contents ${failed ? 'font-semibold' : ''}`}>
              <span>{words.connection.steps[step]}</span>
              <span className={failed ? 'text-refused' : 'text-quiet'}>
                {failed ? words.connection.stepFailed : words.connection.stepOver}
              </span>
              <span className="text-right text-quiet">{ms === null ? '' : words.connection.took(ms)}</span>
            </li>
          );
        })}
      </ol>
      {failure === null ? (
        <p className="text-prose">{words.connection.answered(says ?? '')}</p>
      ) : (
        <div className="max-w-[72ch] border-l-2 border-refused pl-3">
          <p className="text-prose break-words">{failure.message}</p>
          <p className="text-quiet">{failure.hint}</p>
          <code className="text-quiet">{failure.code}</code>
        </div>
      )}
      {session !== null && (
        <p>
          <Link to="/sessions/$id" params={{ id: session }}>
            {words.connection.onRecord}
          </Link>
        </p>
      )}
    </div>
  );
}
