import type { FormEvent, ReactNode } from 'react';
import { Refused } from '../api/client.ts';
import type { ConnectionProtocol } from '../api/types.ts';
import { Fault } from '../parts/states.tsx';
import { words } from '../text.ts';
import type { Mistakes } from './field.tsx';
import { ChoiceField, TextField } from './inputs.tsx';
import { Setting } from './setting.tsx';
import { compact, type Fields, isFields, type Shape } from './shape.ts';

/** A connection as it is written: its name, and all else. */
export interface Written {
  readonly name: string;
  readonly connection: Fields;
}

interface FormProps {
  readonly protocols: readonly ConnectionProtocol[];
  readonly draft: Written;
  readonly onDraft: (draft: Written) => void;
  /** Whether it is there already: then its name stays. */
  readonly exists: boolean;
  /** The places at which a secret is kept. */
  readonly secrets: ReadonlySet<string>;
  readonly fault: Error | null;
  readonly pending: boolean;
  readonly onSave: (written: Written) => void;
  /** What else can be done with what is written now. */
  readonly children: (written: Written) => ReactNode;
}

/** The settings that every connection has, beside its protocol's own. */
const groups = ['target', 'credentials', 'recording', 'retention', 'session'] as const;

/** The form of a connection, made of its protocol's schema. The gateway checks; the form shows where what it says belongs. */
export function ConnectionForm({ protocols, draft, onDraft, exists, secrets, fault, pending, onSave, children }: FormProps) {
  const { name, connection } = draft;
  const setConnection = (next: Fields) => onDraft({ name, connection: next });
  const protocol = protocols.find((each) => each.name === connection['protocol']);
  const written = writtenOf(name, connection);
  const mistakes = mistakesOf(fault);
  const canBeMade = protocol !== undefined && protocol.serving !== null;
  const save = (event: FormEvent) => {
    event.preventDefault();
    onSave(written);
  };
  return (
    <form className="flex flex-col gap-5 px-4 pb-6" onSubmit={save} noValidate>
      {!exists && <NameField name={name} mistakes={mistakes} onChange={(next) => onDraft({ name: next, connection })} />}
      <ProtocolField protocols={protocols} chosen={protocol} mistakes={mistakes} onChange={(next) => setConnection({ protocol: next })} />
      {protocol !== undefined && <Served protocol={protocol} name={name} />}
      {protocol !== undefined && (canBeMade || exists) && (
        <Settings
          key={protocol.name}
          shape={protocol.schema}
          value={connection}
          mistakes={mistakes}
          secrets={secrets}
          onChange={setConnection}
        />
      )}
      {fault !== null && <Fault fault={fault} />}
      <div className="flex flex-wrap gap-2">
        <button type="submit" className="button" data-primary="true" disabled={pending || !canBeMade}>
          {exists ? words.connection.change : words.connection.save}
        </button>
        {exists && <p className="self-center text-quiet">{words.connection.changeSays}</p>}
      </div>
      {children(written)}
    </form>
  );
}

function writtenOf(name: string, connection: Fields): Written {
  const compacted = compact(connection);
  return { name, connection: { target: {}, ...(isFields(compacted) ? compacted : {}) } };
}

/** What the gateway says of single settings. */
function mistakesOf(fault: Error | null): Mistakes {
  return fault instanceof Refused ? (fault.document.errors ?? []) : [];
}

function NameField({
  name,
  mistakes,
  onChange,
}: {
  readonly name: string;
  readonly mistakes: Mistakes;
  readonly onChange: (name: string) => void;
}) {
  return (
    <TextField
      shape={{ type: 'string', description: words.connection.nameSays }}
      place="name"
      title={words.connection.name}
      required
      value={name}
      mistakes={mistakes}
      onChange={(next) => onChange(typeof next === 'string' ? next : '')}
    />
  );
}

interface ProtocolProps {
  readonly protocols: readonly ConnectionProtocol[];
  readonly chosen: ConnectionProtocol | undefined;
  readonly mistakes: Mistakes;
  readonly onChange: (name: string) => void;
}

function ProtocolField({ protocols, chosen, mistakes, onChange }: ProtocolProps) {
  return (
    <ChoiceField
      shape={{}}
      place="protocol"
      title={words.connection.protocol}
      required
      value={chosen?.name ?? ''}
      mistakes={mistakes}
      options={protocols.map(({ name, serving }) => [name, serving !== null ? name : words.connection.notListened(name)] as const)}
      onChange={onChange}
    />
  );
}

/** By which listener clients will come, or what must be done before any can. */
function Served({ protocol: { serving, remedy }, name }: { readonly protocol: ConnectionProtocol; readonly name: string }) {
  if (serving !== null) return <p className="text-quiet">{words.connection.willCome(serving, name)}</p>;
  return (
    <div role="alert" className="max-w-[72ch] border-l-2 border-refused pl-3">
      <p className="text-prose">{words.connection.notListenedSays}</p>
      <p className="break-words">{remedy}</p>
    </div>
  );
}

interface SettingsProps {
  readonly shape: Shape;
  readonly value: Fields;
  readonly mistakes: Mistakes;
  readonly secrets: ReadonlySet<string>;
  readonly onChange: (value: Fields) => void;
}

function Settings({ shape, value, mistakes, secrets, onChange }: SettingsProps) {
  return groups.map((key) => {
    const setting = shape.properties?.[key];
    if (setting === undefined) return null;
    return (
      <Setting
        key={key}
        shape={setting}
        place={key}
        title={setting.title ?? key}
        required={shape.required?.includes(key) === true}
        value={value[key]}
        mistakes={mistakes}
        secrets={secrets}
        onChange={(next) => onChange({ ...value, [key]: next })}
      />
    );
  });
}
