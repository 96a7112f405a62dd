import { type FormEvent, lazy, Suspense, useMemo, useRef, useState } from 'react';
import { Refused } from '../api/client.ts';
import { useKeys } from '../shell/keys.tsx';
import { words } from '../text.ts';
import type { QueryProblem } from './query-editor.tsx';

const QueryEditor = lazy(async () => ({ default: (await import('./query-editor.tsx')).QueryEditor }));

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
  useKeys(words.keys.lists, [{ keys: '/', says: words.keys.search, run: () => field.current?.focus() }]);
  const problems = useMemo(() => problemsOf(fault, value), [fault, value]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim());
  };
  return (
    <form onSubmit={submit} role="search" aria-label={words.query.label}>
      <div className="flex gap-2">
        <Suspense
          fallback={
            <input
              ref={(input) => {
                field.current = input;
              }}
              value={text}
              onChange={(event) => setText(event.target.value)}
              aria-label={words.query.label}
              placeholder={words.query.placeholder}
              className="field flex-1 font-mono text-code"
              autoComplete="off"
              spellCheck={false}
            />
          }
        >
          <QueryEditor
            onReady={(editor) => {
              field.current = editor;
            }}
            value={text}
            problems={problems}
            onChange={setText}
            onSubmit={(query) => onSearch(query.trim())}
          />
        </Suspense>
        <button type="submit" className="button" data-primary="true">
          {words.query.search}
        </button>
      </div>
      <div role="status">
        {problems.map(({ from, message }) => (
          <p key={`${from} ${message}`} className="mt-1 text-refused">
            {message}
          </p>
        ))}
      </div>
    </form>
  );
}

/** What is wrong with the query, and where, in the words of the gateway. */
function problemsOf(fault: unknown, query: string): readonly QueryProblem[] {
  if (!(fault instanceof Refused)) return [];
  return (fault.document.errors ?? [])
    .filter(({ parameter }) => parameter === 'q')
    .map(({ message }) => ({ from: 0, to: query.length, message }));
}
