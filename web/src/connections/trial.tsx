import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { postLines, Unreachable } from '../api/client.ts';
import { linesOf } from '../api/text-lines.ts';
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
  const [steps, setSteps] = useState<TrialReport['steps']>([]);
  const trial = useMutation({ mutationFn: () => attempt(path, body, setSteps), onMutate: () => setSteps([]) });
  return (
    <section className="flex flex-col gap-2 border-t border-hairline pt-4" aria-label={words.connection.test}>
      <div className="flex flex-wrap items-center gap-3">
        <button type="button" className="button" disabled={trial.isPending} onClick={() => trial.mutate()}>
          {trial.data === undefined ? words.connection.test : words.connection.testAgain}
        </button>
        <span className="text-quiet">{words.connection.testSays}</span>
      </div>
      <div role="status">
        {trial.isPending && <Steps steps={steps} failed={null} />}
        {trial.isPending && <p className="text-quiet">{words.connection.testing}</p>}
        {trial.data !== undefined && !trial.isPending && <Report report={trial.data} />}
      </div>
      {trial.isError && <Fault fault={trial.error} />}
    </section>
  );
}

/** Says each step as it begins, and at last what came of it. */
async function attempt(path: string, body: unknown, told: (steps: TrialReport['steps']) => void): Promise<TrialReport> {
  for await (const line of linesOf(await postLines(path, body))) {
    if (line === '') continue;
    // The gateway's own lines, by the contract's schema.
    const said = JSON.parse(line) as { readonly steps: TrialReport['steps'] } | { readonly report: TrialReport };
    if ('report' in said) return said.report;
    told(said.steps);
  }
  throw new Unreachable(new Error('the gateway stopped in the middle'));
}

interface StepsProps {
  readonly steps: TrialReport['steps'];
  readonly failed: TrialReport['steps'][number]['step'] | null;
}

function Steps({ steps, failed }: StepsProps) {
  return (
    <ol className="grid w-fit grid-cols-[repeat(3,auto)] gap-x-6">
      {steps.map(({ step, ms }, index) => {
        const how = failed === step ? words.connection.stepFailed : ms === null ? words.connection.stepOn : words.connection.stepOver;
        return (
          // A target of several addresses is connected to more than once.
          <li key={`${step} ${index}`} className={`contents ${failed === step ? 'font-semibold' : ''}`}>
            <span>{words.connection.steps[step]}</span>
            <span className={failed === step ? 'text-refused' : 'text-quiet'}>{how}</span>
            <span className="text-right text-quiet">{ms === null ? '' : words.connection.took(ms)}</span>
          </li>
        );
      })}
    </ol>
  );
}

function Report({ report: { steps, failure, says, session } }: { readonly report: TrialReport }) {
  const isAmong = failure === null || steps.some(({ step }) => step === failure.step);
  const shown = isAmong ? steps : [...steps, { step: failure.step, ms: null }];
  return (
    <div className="flex flex-col gap-2" data-trial={failure === null ? 'works' : 'failed'}>
      <Steps steps={shown} failed={failure?.step ?? null} />
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
