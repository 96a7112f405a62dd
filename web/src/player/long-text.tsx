import { useState } from 'react';
import { CopyButton } from '../parts/copying.tsx';
import { hasUnseen } from '../parts/visible-text.ts';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';

/** What is drawn at once; more of it would hold up the page. */
const page = 32 * 1024;

/** A text of any length, a page at a time, with what eyes do not see marked. */
export function LongText({ text }: { readonly text: string }) {
  const [at, setAt] = useState(0);
  const pages = Math.max(1, Math.ceil(text.length / page));
  const shown = text.slice(at * page, (at + 1) * page);
  return (
    <div>
      <pre
        className="max-h-[50vh] overflow-auto border border-hairline bg-canvas p-2 text-code whitespace-pre-wrap break-words"
        tabIndex={0}
      >
        <Visible text={shown} limit={page} />
      </pre>
      <p className="mt-1 flex flex-wrap items-center gap-3 text-quiet">
        <span>{words.characters(text.length)}</span>
        {hasUnseen(shown) && <span className="text-held">{words.hasUnseen}</span>}
        {pages > 1 && (
          <>
            <button type="button" className="button" disabled={at === 0} onClick={() => setAt(at - 1)}>
              {words.rows.before}
            </button>
            <span>{words.pageOf(at + 1, pages)}</span>
            <button type="button" className="button" disabled={at >= pages - 1} onClick={() => setAt(at + 1)}>
              {words.rows.after}
            </button>
          </>
        )}
        <CopyButton label={words.copyRaw} text={() => text} />
      </p>
    </div>
  );
}
