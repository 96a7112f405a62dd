import { useEffect, useRef } from 'react';
import type { Connection } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { words } from '../text.ts';
import type { Fields } from './shape.ts';
import { differences } from './three-ways.ts';

interface MeanwhileProps {
  /** What the form began with. */
  readonly base: Connection;
  /** What somebody else has made of it. */
  readonly now: Connection;
  readonly mine: Fields;
  /** Whether it answers a press, and so should be seen. */
  readonly answers: boolean;
  readonly onGoOn: () => void;
  readonly onLoad: () => void;
}

/** What somebody else changed while this was written, and the two ways on. Nothing that was written is lost before one is chosen. */
export function Meanwhile({ base, now, mine, answers, onGoOn, onLoad }: MeanwhileProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (answers) element.current?.scrollIntoView({ block: 'nearest' });
  }, [answers]);
  const { origin } = now;
  const changes = differences(base, now, mine);
  return (
    <div ref={element} role="alert" className="flex flex-col gap-3 border-l-2 border-refused pl-3" data-meanwhile="">
      {origin.kind === 'console' && (
        <p className="text-prose">
          {words.connection.meanwhile(origin.changed.by)} <Moment at={origin.changed.at} />
        </p>
      )}
      {changes.length === 0 ? <p>{words.connection.sameAgain}</p> : <Changes changes={changes} />}
      <p className="text-quiet">{words.connection.meanwhileSays}</p>
      <div className="flex flex-wrap gap-2">
        <button type="button" className="button" onClick={onGoOn}>
          {words.connection.goOn}
        </button>
        <button type="button" className="button" onClick={onLoad}>
          {words.connection.load}
        </button>
      </div>
    </div>
  );
}

function Changes({ changes }: { readonly changes: ReturnType<typeof differences> }) {
  const { setting, was, is, yours } = words.connection.meanwhileHeads;
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={words.connection.meanwhileTable}>
      <table className="text-left">
        <thead className="text-meta text-quiet">
          <tr>
            {[setting, was, is, yours].map((head) => (
              <th key={head} className="h-7 pr-6 font-normal">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {changes.map(({ place, was: before, now, mine }) => (
            <tr key={place} className="border-t border-hairline/60 align-top">
              <th scope="row" className="py-1 pr-6 font-normal">
                <code>{place}</code>
              </th>
              <Said text={before} />
              <Said text={now} />
              <td className="max-w-[40ch] py-1 break-words">{mine ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Said({ text }: { readonly text: string | null }) {
  return <td className="max-w-[40ch] py-1 pr-6 break-words">{text ?? <span className="text-quiet">{words.connection.nothing}</span>}</td>;
}
