import { type FormEvent, useState } from 'react';
import { Refused } from '../api/client.ts';
import { words } from '../text.ts';

interface QueryBarProps {
  readonly value: string;
  /** What the last search was refused for. */
  readonly fault: unknown;
  readonly onSearch: (text: string) => void;
}

/** One line that is searched for when Enter is pressed. */
export function QueryBar({ value, fault, onSearch }: QueryBarProps) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value);
    setText(value);
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim());
  };
  const refusal = fault instanceof Refused ? (fault.document.errors?.find(({ parameter }) => parameter === 'q')?.message ?? null) : null;
  return (
    <form onSubmit={submit} role="search" aria-label={words.query.label}>
      <div className="flex gap-2">
        <input
          data-search=""
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-label={words.query.label}
          aria-invalid={refusal !== null}
          placeholder={words.query.placeholder}
          className="field flex-1 font-mono text-code"
          autoComplete="off"
          spellCheck={false}
        />
        <button type="submit" className="button" data-primary="true">
          {words.query.search}
        </button>
      </div>
      {refusal !== null && <p className="mt-1 text-refused">{refusal}</p>}
    </form>
  );
}
