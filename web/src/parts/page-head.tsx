import { type ReactNode, useEffect } from 'react';
import { words } from '../text.ts';

interface PageHeadProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** At the right: what can be done here. */
  readonly actions?: ReactNode;
}

/** A page's name, which is also the window's, and what is said about the whole of it. */
export function PageHead({ title, children, actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · ${words.product}`;
  }, [title]);
  return (
    <header className="flex flex-wrap items-end justify-between gap-x-6 gap-y-2 px-4 pt-4 pb-2">
      <div className="min-w-0">
        <h1 className="text-page font-semibold wrap-anywhere">{title}</h1>
        {children !== undefined && <div className="text-quiet">{children}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  );
}
