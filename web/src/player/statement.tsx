import { type ReactNode, useMemo } from 'react';
import { Visible } from '../parts/visible.tsx';
import { withValues } from '../recording/bound-text.ts';
import { words } from '../text.ts';
import { LongText } from './long-text.tsx';

interface StatementProps {
  readonly text: string;
  readonly values: readonly (string | null)[];
  /** Shows all of it without a scrollbar of its own, and this behind its last character. */
  readonly end?: ReactNode;
}

/** A longer one is shown a page at a time: to lay out a quarter of a megabyte holds the page up for a second. */
const longest = 32 * 1024;
/** An approver is shown all of it, and the answer waits behind its last character. */
const longestToDecide = 256 * 1024;
const mostLoose = 100;

/** What was asked, whole and wrapped, with the values that were bound to it in their places. */
export function Statement({ text, values, end }: StatementProps) {
  const pieces = useMemo(() => withValues(text, values), [text, values]);
  const placed = new Set(pieces.flatMap((piece) => (piece.kind === 'place' ? [piece.name] : [])));
  const loose = values.map((value, place) => ({ name: `$${place + 1}`, value })).filter(({ name }) => !placed.has(name));
  if (text === '' && values.length === 0 && end === undefined) return null;
  const bound = end === undefined ? 'max-h-[40vh] overflow-auto' : '';
  return (
    <section aria-label={words.exchange.asked}>
      {end === undefined && text.length > longest ? (
        <div data-statement="">
          <LongText text={text} />
        </div>
      ) : (
        <pre
          className={`border-l-2 border-control bg-raised p-3 text-code whitespace-pre-wrap break-words ${bound}`}
          {...(end === undefined && { tabIndex: 0 })}
          data-statement=""
        >
          {pieces.map((piece, place) =>
            piece.kind === 'text' ? (
              <Visible key={place} text={piece.text} limit={longestToDecide} />
            ) : (
              <Bound key={place} name={piece.name} value={piece.value} />
            ),
          )}
          {end}
        </pre>
      )}
      {loose.length > 0 && (
        <p className="mt-1 flex flex-wrap gap-x-4 text-quiet">
          {loose.slice(0, mostLoose).map(({ name, value }) => (
            <span key={name}>
              {name} = <code className="text-ink">{value === null ? 'NULL' : <Visible text={value} limit={256} line />}</code>
            </span>
          ))}
          {loose.length > mostLoose && <span>{words.more(loose.length - mostLoose)}</span>}
        </p>
      )}
    </section>
  );
}

function Bound({ name, value }: { readonly name: string; readonly value: string | null }) {
  return (
    <span className="border-b-2 border-ink bg-sunken px-0.5" title={words.exchange.bound(name)}>
      {value === null ? 'NULL' : <Visible text={value} limit={256} line />}
    </span>
  );
}
