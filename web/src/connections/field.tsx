import { type ReactNode, useId } from 'react';
import type { ProblemDocument } from '../api/types.ts';
import { words } from '../text.ts';
import type { Shape } from './shape.ts';

export type Mistakes = NonNullable<ProblemDocument['errors']>;

/** What every field of a form is told. */
export interface FieldProps<Of> {
  readonly shape: Shape;
  /** `target.port`. */
  readonly place: string;
  readonly title: string;
  readonly required: boolean;
  readonly value: Of;
  readonly mistakes: Mistakes;
  readonly onChange: (value: Of) => void;
}

interface LabelledProps extends Pick<FieldProps<unknown>, 'shape' | 'place' | 'title' | 'required' | 'mistakes'> {
  /** Is given what ties the input to its label and what is said of it. */
  readonly children: (tied: Tied) => ReactNode;
}

interface Tied {
  readonly id: string;
  readonly 'aria-describedby': string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-required': boolean;
}

/** A field's name above it, and below it what it is and what is wrong with it. */
export function Labelled({ shape, place, title, required, mistakes, children }: LabelledProps) {
  const id = useId();
  const own = mistakes.filter(({ parameter }) => parameter === place);
  const says = [shape.description, shape.default === undefined ? undefined : usual(shape.default)].filter((each) => each !== undefined);
  return (
    <div className="flex max-w-[72ch] flex-col gap-1" data-place={place}>
      <label htmlFor={id}>
        {title} {required && <span className="text-quiet">({words.connection.required})</span>}
      </label>
      {children({ id, 'aria-describedby': `${id}-says`, 'aria-invalid': own.length > 0, 'aria-required': required })}
      <div id={`${id}-says`} className="text-quiet">
        {says.map(sentence).join(' ')}
        {own.map(({ message, instead }) => (
          <p key={message} className="border-l-2 border-refused pl-2 text-ink">
            {sentence(message)} {instead}
          </p>
        ))}
      </div>
    </div>
  );
}

function usual(value: Shape['default']): string | undefined {
  if (typeof value === 'object') return undefined;
  return words.connection.usually(String(value));
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}
