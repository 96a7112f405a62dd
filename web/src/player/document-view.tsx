import { useState } from 'react';
import { Visible } from '../parts/visible.tsx';
import type { Json } from '../recording/lines.ts';
import { words } from '../text.ts';
import { LongText } from './long-text.tsx';

/** Deeper or wider documents are shown as text. */
const deepest = 64;
const atOnce = 200;

/** A document as a tree that opens where one looks; never as what its media type would make of it. */
export function DocumentView({ value, mediaType }: { readonly value: Json; readonly mediaType: string }) {
  const [asText, setAsText] = useState(false);
  return (
    <figure className="border border-hairline bg-raised">
      <figcaption className="flex items-center justify-between gap-3 border-b border-hairline px-2 py-1 text-quiet">
        <Visible text={mediaType} limit={80} line />
        <button type="button" className="button" aria-pressed={asText} onClick={() => setAsText(!asText)}>
          {words.document.asText}
        </button>
      </figcaption>
      <div className="max-h-[50vh] overflow-auto p-2">
        {asText ? <LongText text={JSON.stringify(value, null, 2)} /> : <Node name={null} value={value} depth={0} />}
      </div>
    </figure>
  );
}

interface NodeProps {
  readonly name: string | null;
  readonly value: Json;
  readonly depth: number;
}

function Node({ name, value, depth }: NodeProps) {
  const [open, setOpen] = useState(depth < 2);
  const children = childrenOf(value);
  if (children === null) {
    return (
      <div className="flex gap-2 pl-4">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="pl-2">
      <summary className="text-quiet">
        <Name name={name} /> {words.document.size(children.length, Array.isArray(value))}
        {!open && (
          <code className="ml-2">
            <Visible text={beginning(children)} limit={previewed} line />
          </code>
        )}
      </summary>
      {open && <Children entries={children} depth={depth + 1} />}
    </details>
  );
}

function Children({ entries, depth }: { readonly entries: readonly (readonly [string, Json])[]; readonly depth: number }) {
  const [shown, setShown] = useState(atOnce);
  if (depth > deepest) return <LongText text={JSON.stringify(Object.fromEntries(entries))} />;
  return (
    <div className="border-l border-hairline">
      {entries.slice(0, shown).map(([name, value]) => (
        <Node key={name} name={name} value={value} depth={depth} />
      ))}
      {entries.length > shown && (
        <button type="button" className="button ml-4" onClick={() => setShown(shown + atOnce)}>
          {words.document.more(entries.length - shown)}
        </button>
      )}
    </div>
  );
}

function Name({ name }: { readonly name: string | null }) {
  if (name === null) return null;
  return (
    <code className="shrink-0 text-quiet">
      <Visible text={name} limit={120} line />:
    </code>
  );
}

function Leaf({ value }: { readonly value: Json }) {
  if (typeof value === 'string')
    return (
      <code className="break-all whitespace-pre-wrap">
        <Visible text={value} />
      </code>
    );
  return <code className="font-semibold">{JSON.stringify(value)}</code>;
}

const previewed = 100;

/** The first values of what is closed, so that a list can be read without opening each of its entries. */
function beginning(entries: readonly (readonly [string, Json])[]): string {
  const simple = entries.slice(0, 6).filter(([, value]) => value === null || typeof value !== 'object');
  return simple.map(([name, value]) => `${name}: ${typeof value === 'string' ? value.slice(0, 40) : JSON.stringify(value)}`).join(' · ');
}

/** Null for what has none. */
function childrenOf(value: Json): readonly (readonly [string, Json])[] | null {
  if (value === null || typeof value !== 'object') return null;
  return Object.entries(value as Readonly<Record<string, Json>>);
}
