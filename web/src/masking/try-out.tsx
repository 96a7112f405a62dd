import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { postJson } from '../api/client.ts';
import { connectionsQuery } from '../api/queries.ts';
import type { MaskingTrial, MaskingTried } from '../api/types.ts';
import { Fault, Loading } from '../parts/states.tsx';
import { words } from '../text.ts';
import { Draft, type DraftRule, draftOf } from './draft.tsx';
import { Labelled } from './labelled.tsx';
import { RowFields } from './row-fields.tsx';
import { newColumn, type SampleDraft, type SampleKind, sampleOf } from './sample.ts';
import { Shown } from './shown.tsx';

const kinds: readonly SampleKind[] = ['row', 'document', 'text'];

/** Shows what the wire would make of a sample, by the gateway's own code. */
export function TryOut({ detectorNames }: { readonly detectorNames: readonly string[] }) {
  const connections = useQuery(connectionsQuery);
  const names = connections.data?.items.map(({ name }) => name) ?? [];
  const { try: told } = words.masking;
  return (
    <section className="max-w-5xl px-4 pt-6 pb-8" aria-labelledby="masking-try">
      <h2 id="masking-try" className="text-section font-semibold">
        {told.title}
      </h2>
      <p className="max-w-[90ch] text-quiet">{told.says}</p>
      {connections.isPending && <Loading what={words.places.connections} />}
      {connections.isError && <Fault fault={connections.error} retry={() => void connections.refetch()} />}
      {connections.data !== undefined && names.length === 0 && <p>{told.noConnection}</p>}
      {names.length > 0 && <Form connections={names} detectorNames={detectorNames} />}
    </section>
  );
}

function Form({ connections, detectorNames }: { readonly connections: readonly string[]; readonly detectorNames: readonly string[] }) {
  const [connection, setConnection] = useState(connections[0] ?? '');
  const [sample, setSample] = useState<SampleDraft>(() => ({ kind: 'row', text: '', table: '', columns: [newColumn()] }));
  const [rules, setRules] = useState<readonly DraftRule[]>([]);
  const trial = useMutation({
    mutationFn: (body: MaskingTrial) => postJson<MaskingTried>('/api/v1/masking/try', body),
    // A sample is not kept here either, once the page is left.
    gcTime: 0,
  });
  const change = (more: Partial<SampleDraft>) => setSample({ ...sample, ...more });
  const { try: told } = words.masking;
  const problems = trial.data?.kind === 'unsound' ? trial.data.problems : [];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    trial.mutate({ connection, sample: sampleOf(sample), draft: draftOf(rules) });
  };
  return (
    <form onSubmit={submit} className="mt-2">
      <Which
        connections={connections}
        connection={connection}
        kind={sample.kind}
        onConnection={setConnection}
        onKind={(kind) => change({ kind })}
      />
      <div className="mt-3">
        {sample.kind === 'row' ? <RowFields sample={sample} onChange={change} /> : <TextField sample={sample} onChange={change} />}
      </div>
      <Draft rules={rules} detectorNames={detectorNames} problems={problems} onChange={setRules} />
      <button type="submit" className="button mt-4" data-primary="true" disabled={trial.isPending}>
        {told.run}
      </button>
      <div role="status" className="mt-3" data-tried={trial.data?.kind ?? ''}>
        {trial.isPending && <p className="text-quiet">{told.running}</p>}
        {trial.data?.kind === 'tried' && trial.variables !== undefined && <Shown tried={trial.data} sample={trial.variables.sample} />}
        {problems.length > 0 && <Unsound problems={problems} />}
      </div>
      {trial.isError && <Fault fault={trial.error} />}
    </form>
  );
}

interface WhichProps {
  readonly connections: readonly string[];
  readonly connection: string;
  readonly kind: SampleKind;
  readonly onConnection: (connection: string) => void;
  readonly onKind: (kind: SampleKind) => void;
}

function Which({ connections, connection, kind, onConnection, onKind }: WhichProps) {
  const { try: told } = words.masking;
  return (
    <div className="flex flex-wrap gap-3">
      <Labelled label={told.connection}>
        <select className="field" value={connection} onChange={(event) => onConnection(event.target.value)}>
          {connections.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </Labelled>
      <Labelled label={told.kind}>
        <select className="field" value={kind} onChange={(event) => onKind(kinds.find((each) => each === event.target.value) ?? 'row')}>
          {kinds.map((each) => (
            <option key={each} value={each}>
              {told.kinds[each]}
            </option>
          ))}
        </select>
      </Labelled>
    </div>
  );
}

function TextField({ sample, onChange }: { readonly sample: SampleDraft; readonly onChange: (more: Partial<SampleDraft>) => void }) {
  return (
    <Labelled label={words.masking.try.text} wide>
      <textarea
        className="field h-32 w-full py-1 font-mono text-code"
        value={sample.text}
        maxLength={65_536}
        spellCheck={false}
        onChange={(event) => onChange({ text: event.target.value })}
      />
    </Labelled>
  );
}

function Unsound({ problems }: { readonly problems: Extract<MaskingTried, { readonly kind: 'unsound' }>['problems'] }) {
  return (
    <>
      <p className="font-semibold">{words.masking.try.unsound}</p>
      <ul>
        {problems.map(({ at, message }) => (
          <li key={`${at} ${message}`} className="border-l-2 border-refused pl-3">
            <code>{at}</code> {message}
          </li>
        ))}
      </ul>
    </>
  );
}
