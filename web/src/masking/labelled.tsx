import type { ReactNode } from 'react';

/** A field under its name. */
export function Labelled({
  label,
  wide = false,
  children,
}: {
  readonly label: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <label className={`flex min-w-0 flex-col ${wide ? 'min-w-56 flex-1' : ''}`}>
      <span className="text-meta text-quiet">{label}</span>
      {children}
    </label>
  );
}
