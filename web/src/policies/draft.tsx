import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useMemo, useState } from 'react';
import { postJson } from '../api/client.ts';
import { policyVersionQuery } from '../api/queries.ts';
import type { DraftFindings, PolicyVersion } from '../api/types.ts';
import { lazyOr } from '../parts/lazy-or.ts';
import { Fault, Loading } from '../parts/states.tsx';
import { words } from '../text.ts';
import { Backtest } from './backtest.tsx';
import type { PolicyEditorProps } from './policy-editor.tsx';

const PolicyEditor = lazyOr(async () => (await import('./policy-editor.tsx')).PolicyEditor, PlainEditor);

function PlainEditor({ text, onChange }: PolicyEditorProps) {
  return (
    <textarea
      className="field h-[60vh] w-full py-2 font-mono text-code"
      aria-label={words.policies.editor}
      value={text}
      readOnly={onChange === null}
      spellCheck={false}
      onChange={(event) => onChange?.(event.target.value)}
    />
  );
}

/** A check is a thread of its own at the gateway, so it comes when one pauses and not with each letter. */
const pauseMs = 600;

/** The files in force, to be changed and checked as one writes. Nothing is put into force from here. */
export function Draft({ version }: { readonly version: string }) {
  const kept = useQuery(policyVersionQuery(version));
  if (kept.isError) return <Fault fault={kept.error} retry={() => void kept.refetch()} />;
  if (kept.data === undefined) return <Loading what={words.policies.views.draft} />;
  return <Editing key={version} texts={kept.data.texts} />;
}

function Editing({ texts }: { readonly texts: PolicyVersion['texts'] }) {
  const [files, setFiles] = useState(texts);
  const [name, setName] = useState(texts[0]?.name ?? '');
  const settled = useSettled(files);
  const found = useQuery({
    queryKey: ['draft', settled],
    queryFn: () => postJson<DraftFindings>('/api/v1/policies/check', { files: settled }),
    retry: false,
  });
  const problems = useMemo(() => (found.data?.kind === 'unsound' ? found.data.problems : []), [found.data]);
  const here = useMemo(
    () => problems.filter(({ file }) => file === name).map(({ line, message, remedy }) => ({ line, message: `${message} ${remedy}` })),
    [problems, name],
  );
  const change = (text: string) => setFiles(files.map((file) => (file.name === name ? { ...file, text } : file)));
  return (
    <div className="min-h-0 flex-1 overflow-y-auto border-t border-hairline p-4">
      <p className="max-w-[90ch] text-quiet">{words.policies.draftSays}</p>
      <label className="my-2 flex items-center gap-2 text-quiet">
        {words.policies.file}
        <select className="field" value={name} onChange={(event) => setName(event.target.value)}>
          {files.map((file) => (
            <option key={file.name} value={file.name}>
              {file.name}
            </option>
          ))}
        </select>
      </label>
      <Suspense fallback={<Loading what={words.policies.editor} />}>
        <PolicyEditor key={name} text={files.find((file) => file.name === name)?.text ?? ''} problems={here} onChange={change} />
      </Suspense>
      <div role="status" className="mt-3" data-findings={found.data?.kind ?? ''}>
        {(found.isFetching || settled !== files) && <p className="text-quiet">{words.policies.checking}</p>}
        {found.data?.kind === 'sound' && <p>{words.policies.sound(found.data.policies.length)}</p>}
        <ul>
          {problems.map(({ file, line, message, remedy }) => (
            <li key={`${file} ${line} ${message}`} className="border-l-2 border-refused pl-3">
              <code>
                {file}:{line}
              </code>{' '}
              {message} <span className="text-quiet">{remedy}</span>
            </li>
          ))}
        </ul>
      </div>
      {found.data?.kind === 'sound' && <Backtest key={found.data.version} files={settled} />}
      {found.isError && <Fault fault={found.error} retry={() => void found.refetch()} />}
    </div>
  );
}

/** What it was when last nothing changed for a moment. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
