import type { ReactNode } from 'react';
import { isSignedOut, Refused, Unreachable } from '../api/client.ts';
import { words } from '../text.ts';
import { PageHead } from './page-head.tsx';

/** The states every page has beside its content. None of them moves, and each says what to do next. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p role="status" className="p-4 text-quiet">
      {words.states.loading(what)}
    </p>
  );
}

export function Empty({ children, title }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="p-6 max-w-[60ch]">
      <p className="text-prose">{title}</p>
      {children !== undefined && <div className="mt-1 text-quiet">{children}</div>}
    </div>
  );
}

/** A fault in the words of whoever refused, with its code, so that it can be looked up. */
export function Fault({ fault, retry }: { readonly fault: unknown; readonly retry?: () => void }) {
  const { title, detail, hint, code } = told(fault);
  return (
    <div role="alert" className="m-4 border-l-2 border-refused bg-raised p-4 max-w-[72ch]">
      <p className="text-prose">{title}</p>
      <p className="mt-1 break-words">{detail}</p>
      {hint !== null && <p className="mt-1 text-quiet">{hint}</p>}
      <p className="mt-2 flex items-center gap-3">
        {retry !== undefined && (
          <button type="button" className="button" onClick={retry}>
            {words.states.retry}
          </button>
        )}
        {code !== null && <code className="text-quiet">{code}</code>}
      </p>
    </div>
  );
}

/** In the place of a page whose thing cannot be shown: named all the same, so that whoever comes there knows where they are. */
export function Missing({ what, fault, retry }: { readonly what: string; readonly fault: unknown; readonly retry: () => void }) {
  return (
    <>
      <PageHead title={what} />
      <Fault fault={fault} retry={retry} />
    </>
  );
}

function told(fault: unknown): {
  readonly title: string;
  readonly detail: string;
  readonly hint: string | null;
  readonly code: string | null;
} {
  if (fault instanceof Unreachable) return { ...words.states.unreachable, code: null };
  if (isSignedOut(fault)) return { ...words.states.signedOut, code: null };
  if (fault instanceof Refused) {
    const { title, detail, hint, code } = fault.document;
    return { title, detail, hint, code };
  }
  return { title: words.states.broken, detail: fault instanceof Error ? fault.message : String(fault), hint: null, code: null };
}
