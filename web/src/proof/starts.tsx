import type { Proof } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { Section } from './section.tsx';

/** What each start of the gateway found of the one before. */
export function Starts({ proof: { starts, damages } }: { readonly proof: Proof }) {
  return (
    <Section title={words.proof.starts}>
      {starts.length === 0 && <p>{words.proof.noStarts}</p>}
      <ul>
        {starts.map((start) => (
          <li key={start.id} className="mt-1 flex flex-wrap gap-x-3">
            <Moment at={start.at} />
            <Found start={start} />
          </li>
        ))}
      </ul>
      {damages.length > 0 && (
        <>
          <h3 className="mt-2 font-semibold">{words.proof.damages}</h3>
          <ul>
            {damages.map(({ id, at, event, detail }) => (
              <li key={id} className="mt-1 flex flex-wrap gap-x-3">
                <MarkLabel mark="gap" word={event} />
                <Moment at={at} />
                <code className="break-all">
                  <Visible text={detail} limit={500} line />
                </code>
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function Found({ start: { recovered, tornBytes } }: { readonly start: Proof['starts'][number] }) {
  const { start: told } = words.proof;
  if (recovered === null || tornBytes === null) return <span className="text-quiet">{told.unknown}</span>;
  if (recovered === 0 && tornBytes === 0) return <span>{told.clean}</span>;
  const parts = [...(recovered > 0 ? [told.recovered(recovered)] : []), ...(tornBytes > 0 ? [told.torn(tornBytes)] : [])];
  return <span>{parts.join(' ')}</span>;
}
