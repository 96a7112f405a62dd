import { useState } from 'react';
import { sized } from '../parts/moment.tsx';
import { words } from '../text.ts';
import { type FieldProps, Labelled } from './field.tsx';
import type { Value } from './shape.ts';

/** As the gateway has it; what is longer would be sent for nothing. */
const longest = 2 * 1024 * 1024;
/** What a field still takes keys in without delay. */
const mostShown = 64 * 1024;

/** A document: pasted, or of a file that is chosen. What is read of it is kept, and not the document itself. */
export function DocumentField({ value, onChange, ...props }: FieldProps<Value>) {
  const [wrong, setWrong] = useState<string | null>(null);
  const text = typeof value === 'string' ? value : '';
  const take = async (file: File) => {
    setWrong(file.size > longest ? words.connection.documentTooLong(sized(file.size), sized(longest)) : null);
    if (file.size <= longest) onChange(await file.text());
  };
  const shape = { ...props.shape, description: [props.shape.description, words.connection.documentSays].filter(Boolean).join(' ') };
  return (
    <div className="flex flex-col gap-2">
      <Labelled {...props} shape={shape}>
        {(tied) =>
          text.length > mostShown ? (
            <output {...tied} className="flex flex-wrap items-center gap-2">
              {words.connection.documentThere(sized(text.length))}
              <button type="button" className="button" onClick={() => onChange('')}>
                {words.connection.documentOut}
              </button>
            </output>
          ) : (
            <textarea
              {...tied}
              className="field h-32 py-1 font-mono"
              value={text}
              spellCheck={false}
              onChange={(event) => onChange(event.target.value)}
            />
          )
        }
      </Labelled>
      <label className="flex flex-wrap items-center gap-2">
        {words.connection.documentFile}
        <input
          type="file"
          accept=".json,.yaml,.yml"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file !== undefined) void take(file).catch(() => setWrong(words.connection.documentUnread));
          }}
        />
      </label>
      {wrong !== null && (
        <p role="alert" className="border-l-2 border-refused pl-2">
          {wrong}
        </p>
      )}
    </div>
  );
}
