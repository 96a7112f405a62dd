import type { ReactNode } from 'react';

interface QuestionProps {
  readonly asks: string;
  readonly says?: string;
  readonly children: ReactNode;
}

/** One of the overview's questions with its answer. */
export function Question({ asks, says, children }: QuestionProps) {
  return (
    <section aria-label={asks} className="min-w-0 border-b border-hairline px-4 py-4 xl:odd:border-r">
      <h2 className="text-section font-semibold">{asks}</h2>
      {says !== undefined && <p className="mb-2 text-quiet">{says}</p>}
      {children}
    </section>
  );
}
