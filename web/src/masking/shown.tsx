import type { MaskingSample, MaskingTried } from '../api/types.ts';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';

type Tried = Extract<MaskingTried, { readonly kind: 'tried' }>;
type Row = Extract<MaskingSample, { readonly kind: 'row' }>;

interface ShownProps {
  readonly tried: Tried;
  /** What was tried, as it was sent. */
  readonly sample: MaskingSample;
}

/** What the wire would show of the sample, and by which rules. */
export function Shown({ tried, sample }: ShownProps) {
  const { shown, masked, covered } = tried;
  const { try: told } = words.masking;
  return (
    <>
      {!covered && <p>{told.notCovered}</p>}
      {covered && masked.length === 0 && shown.kind === 'row' && <p>{told.unchanged}</p>}
      {shown.kind === 'row' && sample.kind === 'row' && <RowShown sample={sample} values={shown.values} />}
      {shown.kind === 'text' && shown.withheld !== null && <p className="mb-2 text-quiet">{told.withheld[shown.withheld]}</p>}
      {shown.kind === 'text' && shown.text !== null && (
        <pre className="max-h-80 overflow-auto border-l-2 border-control bg-raised p-3 break-all whitespace-pre-wrap" tabIndex={0}>
          <Visible text={shown.text} limit={65_536} />
        </pre>
      )}
      {masked.length > 0 && <Causes masked={masked} />}
    </>
  );
}

function RowShown({ sample, values }: { readonly sample: Row; readonly values: readonly (string | null)[] }) {
  const { try: told } = words.masking;
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={told.shown}>
      <table className="w-full min-w-sm text-left">
        <thead className="text-meta text-quiet">
          <tr>
            <th className="h-7 pr-4 font-normal">{told.name}</th>
            <th className="h-7 pr-4 font-normal">{told.given}</th>
            <th className="h-7 font-normal">{told.shown}</th>
          </tr>
        </thead>
        <tbody>
          {sample.columns.map(({ name, value }, place) => {
            const shown = values[place] ?? null;
            return (
              // Columns of one answer never change places.
              <tr key={place} className="border-t border-hairline/60 align-top">
                <td className="py-1 pr-4">
                  <Visible text={name} limit={200} line />
                </td>
                <td className="py-1 pr-4 break-all">
                  <Value value={value} />
                </td>
                <td className={`py-1 break-all ${shown === value ? '' : 'bg-masked-tint text-masked'}`}>
                  <Value value={shown} /> {shown !== value && <MarkLabel mark="masked" />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Value({ value }: { readonly value: string | null }) {
  if (value === null) return <span className="text-quiet italic">{words.masking.try.isNull}</span>;
  return (
    <code>
      <Visible text={value} limit={2_000} />
    </code>
  );
}

function Causes({ masked }: { readonly masked: Tried['masked'] }) {
  const { try: told } = words.masking;
  return (
    <>
      <h3 className="mt-3 font-semibold">{told.masked}</h3>
      <ul>
        {masked.map(({ rule, column, detector, count, draft }) => (
          <li key={`${rule} ${detector ?? ''} ${column ?? ''} ${String(draft)}`} className="flex flex-wrap gap-x-3">
            <code>{rule}</code>
            {draft && <span>{told.ofDraft}</span>}
            {detector !== null && <span>{detector}</span>}
            {column !== null && column !== '' && <Visible text={column} limit={200} line />}
            <span className="text-quiet">{told.times(count)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
