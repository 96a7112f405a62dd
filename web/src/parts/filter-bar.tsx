import { type FormEvent, useId } from 'react';
import { usePreferences } from '../shell/preferences.tsx';
import { words } from '../text.ts';
import { momentOf } from './moment-text.ts';
import { useNarrow } from './narrow.ts';

export interface FilterField {
  readonly name: string;
  readonly label: string;
  /** Where there are no others than these. */
  readonly options?: readonly string[];
  /** A time: a day or a minute in the reader's zone, or `-24h`. */
  readonly isMoment?: boolean;
  readonly placeholder?: string;
}

interface FilterBarProps {
  readonly fields: readonly FilterField[];
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly onChange: (values: Readonly<Record<string, string>>) => void;
}

/** What narrows a list. The address holds it, so that a list can be sent to somebody else as it is. */
export function FilterBar({ fields, values, onChange }: FilterBarProps) {
  const { zone } = usePreferences();
  const moments = new Set(fields.filter(({ isMoment }) => isMoment === true).map(({ name }) => name));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const now = Date.now();
    const read = (name: string, value: string) => (moments.has(name) ? momentOf(value, zone, now) : value);
    onChange(given(event.currentTarget, read));
  };
  const narrow = useNarrow();
  const active = fields.some(({ name }) => (values[name] ?? '') !== '');
  const form = (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-x-3 gap-y-2 px-4 pb-3" role="search" aria-label={words.filters.label}>
      {fields.map((field) => (
        <Field key={`${field.name}=${values[field.name] ?? ''}`} field={field} value={values[field.name] ?? ''} />
      ))}
      <button type="submit" className="sr-only">
        {words.filters.apply}
      </button>
      {active && (
        <button type="button" className="button" onClick={() => onChange({})}>
          {words.filters.clear}
        </button>
      )}
    </form>
  );
  if (!narrow) return form;
  return (
    <details open={active} className="pb-1">
      <summary className="px-4 pb-1 text-quiet">{words.filters.label}</summary>
      {form}
    </details>
  );
}

function Field({ field, value }: { readonly field: FilterField; readonly value: string }) {
  const id = useId();
  const { name, label, options, isMoment = false, placeholder = isMoment ? words.filters.moment : undefined } = field;
  return (
    <div className={options === undefined ? `flex grow flex-col ${isMoment ? 'max-w-44 basis-40' : 'max-w-36 basis-24'}` : 'flex flex-col'}>
      <label htmlFor={id} className="text-meta text-quiet">
        {label}
      </label>
      {options === undefined ? (
        <input
          id={id}
          name={name}
          defaultValue={value}
          placeholder={placeholder}
          className="field w-full"
          autoComplete="off"
          spellCheck={false}
          onBlur={(event) => event.target.value !== value && event.target.form?.requestSubmit()}
        />
      ) : (
        <select id={id} name={name} defaultValue={value} className="field" onChange={(event) => event.target.form?.requestSubmit()}>
          <option value="">{words.filters.any}</option>
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function given(form: HTMLFormElement, read: (name: string, value: string) => string): Readonly<Record<string, string>> {
  const pairs = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === 'string' && value.trim() !== '' ? [[name, read(name, value.trim())]] : [],
  );
  return Object.fromEntries(pairs) as Readonly<Record<string, string>>;
}
