import { useQuery } from '@tanstack/react-query';
import { type FormEvent, Suspense, useMemo, useRef, useState } from 'react';
import { Refused } from '../api/client.ts';
import { fieldsQuery } from '../api/queries.ts';
import { lazyOr } from '../parts/lazy-or.ts';
import { useKeys } from '../shell/keys.tsx';
import { words } from '../text.ts';
import type { QueryEditorProps, QueryProblem } from './query-editor.tsx';

const QueryEditor = lazyOr(async () => (await import('./query-editor.tsx')).QueryEditor, PlainQuery);

interface QueryBarProps {
  readonly value: string;
  /** What the last search was refused for. */
  readonly fault: unknown;
  readonly onSearch: (text: string) => void;
}

/** One line that is searched for when Enter is pressed: a plain one at once, and one that helps as soon as it has come. */
export function QueryBar({ value, fault, onSearch }: QueryBarProps) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value);
    setText(value);
  }
  const field = useRef<{ focus(): void }>(null);
  const keep = (taker: { focus(): void }) => {
    field.current = taker;
  };
  useKeys(words.keys.lists, [{ keys: '/', says: words.keys.search, run: () => field.current?.focus() }]);
  const fields = useQuery(fieldsQuery).data?.items ?? none;
  const problems = useMemo(() => problemsOf(fault), [fault]);
  const editing = { value: text, fields, problems, onReady: keep, onChange: setText, onSubmit: (query: string) => onSearch(query.trim()) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim());
  };
  return (
    <form onSubmit={submit} role="search" aria-label={words.query.label}>
      <div className="flex gap-2">
        <Suspense fallback={<PlainQuery {...editing} />}>
          <QueryEditor {...editing} />
        </Suspense>
        <button type="submit" className="button" data-primary="true">
          {words.query.search}
        </button>
      </div>
      <div role="status">
        {problems.map((problem) => (
          <Problem
            key={`${problem.from} ${problem.message}`}
            problem={problem}
            onInstead={(instead) => onSearch(value.slice(0, problem.from) + instead + value.slice(problem.until))}
          />
        ))}
      </div>
    </form>
  );
}

const none = [] as const;

/** A plain field that does the same, but for colours and completion; Enter sends the form that it is in. */
function PlainQuery({ value, onChange, onReady }: QueryEditorProps) {
  return (
    <input
      ref={(input) => {
        if (input !== null) onReady(input);
      }}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      aria-label={words.query.label}
      placeholder={words.query.placeholder}
      className="field flex-1 font-mono text-code"
      autoComplete="off"
      spellCheck={false}
    />
  );
}

function Problem({ problem, onInstead }: { readonly problem: QueryProblem; readonly onInstead: (text: string) => void }) {
  const { message, instead } = problem;
  return (
    <p className="mt-1 text-refused">
      {message}{' '}
      {instead !== null && (
        <button type="button" className="underline" onClick={() => onInstead(instead)}>
          {words.query.instead(instead)}
        </button>
      )}
    </p>
  );
}

/** What is wrong with the query, and where, in the words of the gateway. */
function problemsOf(fault: unknown): readonly QueryProblem[] {
  if (!(fault instanceof Refused)) return none;
  return (fault.document.errors ?? [])
    .filter(({ parameter }) => parameter === 'q')
    .map(({ message, from = 0, until = from, instead = null }) => ({ message, from, until, instead }));
}

/** Whether a fault is one of the query's own, which the bar says. */
export function isQueryProblem(fault: unknown): boolean {
  return problemsOf(fault).length > 0;
}
