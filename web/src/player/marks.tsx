import { Visible } from '../parts/visible.tsx';
import type { Json } from '../recording/lines.ts';
import { words } from '../text.ts';
import type { Piece } from './content.ts';

type Marks = Extract<Piece, { readonly shape: 'marks' }>['marks'];

/** What happened by name. Many of one name, such as a target's settings at the start, are one line until they are opened. */
export function Marks({ marks }: { readonly marks: Marks }) {
  const list = (
    <dl className="grid grid-cols-1 gap-x-3 text-quiet sm:grid-cols-[minmax(0,16ch)_1fr]">
      {marks.map(({ name, detail }, place) => (
        // Marks have no other name than their place.
        <div key={place} className="contents">
          <dt className="truncate">
            <Visible text={name} limit={60} line />
          </dt>
          <dd className="min-w-0 break-words">
            {Object.entries(detail).map(([key, value]) => (
              <Detail key={key} name={key} value={value} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
  if (marks.length <= 3) return list;
  return (
    <details>
      <summary className="text-quiet">{words.exchange.marks(marks.length)}</summary>
      {list}
    </details>
  );
}

function Detail({ name, value }: { readonly name: string; readonly value: Json }) {
  const pairs = pairsOf(value);
  if (pairs !== null) return <Fields name={name} pairs={pairs} />;
  return (
    <span className="mr-3">
      <Visible text={name} limit={40} line />{' '}
      <code className="text-ink">
        <Visible text={typeof value === 'string' ? value : JSON.stringify(value)} limit={400} line />
      </code>
    </span>
  );
}

/** Names with values, such as headers, as a table; in their order, and each as often as it came. */
function Fields({ name, pairs }: { readonly name: string; readonly pairs: readonly (readonly [string, string])[] }) {
  return (
    <details>
      <summary>
        <Visible text={name} limit={40} line /> ({pairs.length.toLocaleString()})
      </summary>
      <dl className="grid grid-cols-1 gap-x-3 border-l border-hairline pl-3 sm:grid-cols-[minmax(0,24ch)_1fr]">
        {pairs.map(([key, value], place) => (
          <div key={place} className="contents">
            <dt className="truncate">
              <Visible text={key} limit={80} line />
            </dt>
            <dd className="min-w-0 break-words text-ink">
              <code>
                <Visible text={value} limit={1000} line />
              </code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function pairsOf(value: Json): readonly (readonly [string, string])[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const pairs = value.flatMap((each: Json) => {
    if (!Array.isArray(each)) return [];
    const [name, text] = each as readonly Json[];
    return each.length === 2 && typeof name === 'string' && typeof text === 'string' ? [[name, text] as const] : [];
  });
  return pairs.length === value.length ? pairs : null;
}
