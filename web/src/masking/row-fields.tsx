import { useState } from 'react';
import { words } from '../text.ts';
import { Labelled } from './labelled.tsx';
import { newColumn, origins, readRow, type SampleColumn, type SampleDraft, sourceOf, valueKinds } from './sample.ts';

interface RowFieldsProps {
  readonly sample: SampleDraft;
  readonly onChange: (more: Partial<SampleDraft>) => void;
}

/** One row of a result: columns with their values, and where each comes from, which decides by which rule it is masked. */
export function RowFields({ sample, onChange }: RowFieldsProps) {
  const { columns, table } = sample;
  const { try: told } = words.masking;
  const change = (key: number, more: Partial<SampleColumn>) =>
    onChange({ columns: columns.map((column) => (column.key === key ? { ...column, ...more } : column)) });
  return (
    <>
      <Paste onRow={(row) => onChange({ columns: row })} />
      <div className="mt-2 max-w-md">
        <Labelled label={told.table} wide>
          <input
            className="field w-full font-mono text-code"
            value={table}
            maxLength={400}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange({ table: event.target.value.trim() })}
          />
        </Labelled>
      </div>
      {columns.map((column, index) => (
        <ColumnFields
          key={column.key}
          column={column}
          place={index + 1}
          table={table}
          onChange={(more) => change(column.key, more)}
          onRemove={columns.length === 1 ? null : () => onChange({ columns: columns.filter(({ key }) => key !== column.key) })}
        />
      ))}
      <button type="button" className="button mt-2" onClick={() => onChange({ columns: [...columns, newColumn()] })}>
        {told.addColumn}
      </button>
    </>
  );
}

function Paste({ onRow }: { readonly onRow: (row: readonly SampleColumn[]) => void }) {
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const take = () => {
    const row = readRow(text);
    setFailed(row === null);
    if (row === null) return;
    setText('');
    onRow(row);
  };
  return (
    <div>
      <Labelled label={words.masking.try.paste} wide>
        <textarea
          className="field h-14 w-full py-1 font-mono text-code"
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
      </Labelled>
      <button type="button" className="button mt-1" disabled={text === ''} onClick={take}>
        {words.masking.try.pasteButton}
      </button>
      {failed && <p role="alert">{words.masking.try.notRow}</p>}
    </div>
  );
}

interface ColumnFieldsProps {
  readonly column: SampleColumn;
  readonly place: number;
  readonly table: string;
  readonly onChange: (more: Partial<SampleColumn>) => void;
  readonly onRemove: (() => void) | null;
}

function ColumnFields({ column, place, table, onChange, onRemove }: ColumnFieldsProps) {
  const { name, value } = column;
  const { try: told } = words.masking;
  return (
    <div role="group" aria-label={told.column(place)} className="mt-2 flex flex-wrap items-end gap-2 border-t border-hairline/60 pt-2">
      <Labelled label={told.name}>
        <input
          className="field w-32"
          value={name}
          maxLength={200}
          autoComplete="off"
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Labelled>
      <Labelled label={told.value} wide>
        <input
          className="field w-full font-mono text-code"
          value={value ?? ''}
          disabled={value === null}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange({ value: event.target.value })}
        />
      </Labelled>
      <label className="flex h-7 items-center gap-1">
        <input type="checkbox" checked={value === null} onChange={(event) => onChange({ value: event.target.checked ? null : '' })} />
        {told.isNull}
      </label>
      <Meaning column={column} table={table} onChange={onChange} />
      {onRemove !== null && (
        <button type="button" className="button" aria-label={told.remove(told.column(place))} onClick={onRemove}>
          {'×'}
        </button>
      )}
    </div>
  );
}

/** Of what kind a value is, and where it comes from. */
function Meaning({ column, table, onChange }: Pick<ColumnFieldsProps, 'column' | 'table' | 'onChange'>) {
  const { kind, origin, source } = column;
  const { try: told } = words.masking;
  const comesFromOne = origin === 'column' || origin === 'computed';
  return (
    <>
      <Labelled label={told.valueKind}>
        <select
          className="field"
          value={kind}
          onChange={(event) => onChange({ kind: valueKinds.find((each) => each === event.target.value) ?? 'text' })}
        >
          {valueKinds.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </Labelled>
      <Labelled label={told.origin}>
        <select
          className="field"
          value={origin}
          onChange={(event) => onChange({ origin: origins.find((each) => each === event.target.value) ?? 'unknown' })}
        >
          {origins.map((each) => (
            <option key={each} value={each}>
              {told.origins[each]}
            </option>
          ))}
        </select>
      </Labelled>
      {comesFromOne && (
        <Labelled label={told.source}>
          <input
            className="field w-44 font-mono text-code"
            value={source}
            placeholder={sourceOf(column, table)}
            maxLength={600}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange({ source: event.target.value.trim() })}
          />
        </Labelled>
      )}
    </>
  );
}
