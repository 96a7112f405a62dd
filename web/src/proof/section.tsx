import { type ReactNode, useId } from 'react';

/** One part of a page under its heading. */
export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const heading = useId();
  return (
    <section className="px-4 pt-4" aria-labelledby={heading}>
      <h2 id={heading} className="text-section font-semibold">
        {title}
      </h2>
      {children}
    </section>
  );
}
