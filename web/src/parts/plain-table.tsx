import type { ReactNode } from 'react';

interface PlainTableProps<Name extends string> {
  readonly label: string;
  readonly heads: Readonly<Record<Name, string>>;
  /** Columns of numbers. */
  readonly ends?: readonly Name[];
  readonly rows: readonly { readonly key: string; readonly cells: Readonly<Record<Name, ReactNode>> }[];
}

/** A short table that is read whole; on a narrow screen it is moved sideways within its own region. */
export function PlainTable<Name extends string>({ label, heads, ends = [], rows }: PlainTableProps<Name>) {
  const names = Object.keys(heads) as Name[];
  const end = (name: Name) => (ends.includes(name) ? 'text-right' : '');
  return (
    <div className="mt-2 overflow-x-auto border-t border-hairline" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full min-w-2xl text-left">
        <thead className="text-meta text-quiet">
          <tr>
            {names.map((name) => (
              <th key={name} className={`h-7 pr-4 font-normal ${end(name)}`}>
                {heads[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key} className="border-t border-hairline/60 align-top">
              {names.map((name) => (
                <td key={name} className={`py-1 pr-4 ${end(name)}`}>
                  {cells[name]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
