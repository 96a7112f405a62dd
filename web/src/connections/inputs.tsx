import { words } from '../text.ts';
import { type FieldProps, Labelled } from './field.tsx';
import { isFields, isList, type Value } from './shape.ts';

/** The fields that hold one value each. */
export function TextField({ value, onChange, ...props }: FieldProps<Value>) {
  const { type, multiline = false } = props.shape;
  const isNumber = type === 'integer' || type === 'number';
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  // A number that is none yet stays a text: the gateway says what is wrong with it.
  const change = (next: string) => onChange(isNumber && /^\d{1,15}$/.test(next) ? Number(next) : next);
  return (
    <Labelled {...props}>
      {(tied) =>
        multiline ? (
          <textarea
            {...tied}
            className="field h-32 py-1 font-mono"
            value={text}
            spellCheck={false}
            onChange={(event) => change(event.target.value)}
          />
        ) : (
          <input
            {...tied}
            className="field"
            value={text}
            inputMode={isNumber ? 'numeric' : 'text'}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            onChange={(event) => change(event.target.value)}
          />
        )
      }
    </Labelled>
  );
}

export function ChoiceField({
  value,
  onChange,
  options,
  ...props
}: FieldProps<string> & { readonly options: readonly (readonly [string, string])[] }) {
  return (
    <Labelled {...props}>
      {(tied) => (
        <select {...tied} className="field w-fit max-w-full" value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

export function SwitchField({ value, onChange, ...props }: FieldProps<Value>) {
  return (
    <Labelled {...props}>
      {(tied) => (
        <input
          {...tied}
          type="checkbox"
          className="h-6 w-6"
          checked={typeof value === 'boolean' ? value : props.shape.default === true}
          onChange={(event) => onChange(event.target.checked)}
        />
      )}
    </Labelled>
  );
}

/** Texts, one a line. */
export function LinesField({ value, onChange, ...props }: FieldProps<Value>) {
  const lines = isList(value) ? value.map(String) : [];
  const shape = { ...props.shape, description: [props.shape.description, words.connection.oneALine].join(' ') };
  return (
    <Labelled {...props} shape={shape}>
      {(tied) => (
        <textarea
          {...tied}
          className="field h-20 py-1 font-mono"
          value={lines.join('\n')}
          spellCheck={false}
          onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value.split('\n'))}
        />
      )}
    </Labelled>
  );
}

/** A secret is written and never shown again: what is there can be kept, and cannot be read. */
export function SecretField({ value, onChange, isThere, ...props }: FieldProps<Value> & { readonly isThere: boolean }) {
  const isKept = isFields(value);
  const shape = { ...props.shape, description: [props.shape.description, words.connection.secretSays].filter(Boolean).join(' ') };
  return (
    <div className="flex flex-col gap-1">
      <Labelled {...props} shape={shape}>
        {(tied) => (
          <input
            {...tied}
            type="password"
            className="field"
            value={typeof value === 'string' ? value : ''}
            disabled={isKept}
            autoComplete="new-password"
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Labelled>
      {isThere && (
        <label className="flex flex-wrap items-center gap-2">
          <input
            type="checkbox"
            className="h-6 w-6"
            checked={isKept}
            onChange={(event) => onChange(event.target.checked ? { keep: true } : '')}
          />
          {words.connection.keep} <span className="text-quiet">{words.connection.keepSays}</span>
        </label>
      )}
    </div>
  );
}
