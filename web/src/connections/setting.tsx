import { words } from '../text.ts';
import { DocumentField } from './document-field.tsx';
import type { FieldProps } from './field.tsx';
import { ChoiceField, LinesField, SecretField, SwitchField, TextField } from './inputs.tsx';
import {
  choiceOf,
  choicesOf,
  compact,
  emptyChoice,
  type Fields,
  isFields,
  isList,
  isWritable,
  nameOfChoice,
  type Shape,
  type Value,
} from './shape.ts';

interface SettingProps extends FieldProps<Value> {
  /** The places at which a secret is kept already. */
  readonly secrets: ReadonlySet<string>;
}

/** One setting, drawn by what its schema says it is. */
export function Setting({ secrets, ...props }: SettingProps) {
  const { shape, value, place, onChange } = props;
  if (shape.secret === true) return <SecretField {...props} isThere={secrets.has(place)} />;
  if (shape.document === true) return <DocumentField {...props} />;
  if (shape.enum !== undefined) return <Enumerated {...props} />;
  if (shape.anyOf !== undefined) return <Choice secrets={secrets} {...props} />;
  if (shape.type === 'boolean') return <SwitchField {...props} />;
  if (shape.type === 'array') {
    const { items } = shape;
    return items?.properties === undefined ? <LinesField {...props} /> : <Entries secrets={secrets} {...props} />;
  }
  if (shape.properties === undefined) return <TextField {...props} />;
  return <Group {...props} secrets={secrets} value={isFields(value) ? value : {}} onChange={onChange} />;
}

function Enumerated({ value, onChange, ...props }: FieldProps<Value>) {
  const options = (props.shape.enum ?? []).map((each) => [each, each] as const);
  const known = props.shape.default;
  const chosen = typeof value === 'string' ? value : typeof known === 'string' ? known : '';
  const all = known === undefined ? [['', words.connection.nothing] as const, ...options] : options;
  return <ChoiceField {...props} value={chosen} options={all} onChange={onChange} />;
}

/** Of several forms one: which, and then its own fields. */
function Choice({ secrets, ...props }: SettingProps) {
  const { shape, value, place, title, mistakes, onChange } = props;
  const choices = choicesOf(shape);
  const [only] = choices;
  if (choices.length === 1 && only !== undefined && only.properties === undefined)
    return <TextField {...props} shape={{ ...only, ...describedBy(shape) }} />;
  const chosen = choiceOf(choices, value === undefined ? shape.default : value);
  const options = choices.map((choice, index) => [String(index), nameOfChoice(choice)] as const);
  const all = shape.default === undefined ? [['-1', words.connection.choose] as const, ...options] : options;
  const choice = choices[chosen];
  const choose = (key: string) => {
    const next = choices[Number(key)];
    onChange(next === undefined ? undefined : emptyChoice(next));
  };
  return (
    <div className="flex flex-col gap-3">
      <ChoiceField {...props} value={String(chosen)} options={all} onChange={choose} />
      {choice?.properties !== undefined && (
        <Group
          shape={choice}
          place={place}
          title={`${title}: ${nameOfChoice(choice)}`}
          required
          value={isFields(value) ? value : {}}
          mistakes={mistakes}
          secrets={secrets}
          onChange={onChange}
        />
      )}
    </div>
  );
}

function describedBy({ title, description }: Shape): Pick<Shape, 'title' | 'description'> {
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
}

interface GroupProps extends Omit<SettingProps, 'value' | 'onChange'> {
  readonly value: Fields;
  readonly onChange: (value: Fields) => void;
}

/** The settings of one object; what has a usual value stands behind a fold. */
function Group({ shape, place, title, required, value, mistakes, secrets, onChange }: GroupProps) {
  // Of what need not be said at all nothing is required before something is said.
  const isNeeded = required || compact(value) !== undefined;
  const settings = Object.entries(shape.properties ?? {}).filter(([, setting]) => setting.const === undefined && isWritable(setting));
  const isFolded = ([key, setting]: readonly [string, Shape]) =>
    shape.required?.includes(key) !== true && (setting.default !== undefined || setting.type === 'array' || setting.type === 'object');
  const draw = ([key, setting]: readonly [string, Shape]) => (
    <Setting
      key={key}
      shape={setting}
      place={`${place}.${key}`}
      title={setting.title ?? key}
      required={isNeeded && shape.required?.includes(key) === true}
      value={value[key]}
      mistakes={mistakes}
      secrets={secrets}
      onChange={(next) => onChange({ ...value, [key]: next })}
    />
  );
  const folded = settings.filter(isFolded);
  const hasMistake = folded.some(([key]) => mistakes.some(({ parameter }) => `${parameter}.`.startsWith(`${place}.${key}.`)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-4 border-l border-hairline pl-4">
      <legend className="-ml-4 pb-2 font-semibold">{title}</legend>
      {settings.filter((setting) => !isFolded(setting)).map(draw)}
      {folded.length > 0 && (
        <details open={hasMistake || folded.some(([key]) => value[key] !== undefined)}>
          <summary className="py-1">{words.connection.further}</summary>
          <div className="mt-2 flex flex-col gap-4">{folded.map(draw)}</div>
        </details>
      )}
    </fieldset>
  );
}

/** A list of objects. */
function Entries({ secrets, shape, place, title, value, mistakes, onChange }: SettingProps) {
  const entries = isList(value) ? value : [];
  const { items } = shape;
  if (items === undefined) return null;
  return (
    <div className="flex flex-col gap-3">
      {entries.map((entry, index) => (
        // An entry is told by where it stands: its fields are what is changed.
        <div key={`${place}[${index}]`} className="flex flex-col gap-2">
          <Group
            shape={items}
            place={`${place}[${index}]`}
            title={`${title} ${index + 1}`}
            required
            value={isFields(entry) ? entry : {}}
            mistakes={mistakes}
            secrets={secrets}
            onChange={(next) => onChange(entries.map((other, at) => (at === index ? next : other)))}
          />
          <button type="button" className="button w-fit" onClick={() => onChange(entries.filter((_, at) => at !== index))}>
            {words.connection.takeOut(title, index + 1)}
          </button>
        </div>
      ))}
      <button type="button" className="button w-fit" onClick={() => onChange([...entries, {}])}>
        {words.connection.add(title)}
      </button>
    </div>
  );
}
