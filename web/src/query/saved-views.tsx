import { type FormEvent, useState } from 'react';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { keepViews, readViews, type View } from './views.ts';

interface SavedViewsProps {
  readonly query: string;
  readonly onSearch: (query: string) => void;
}

/** Queries that this reader has given a name, kept in this browser alone; an address shares one with others. */
export function SavedViews({ query, onSearch }: SavedViewsProps) {
  const [views, setViews] = useState(readViews);
  const keep = (next: readonly View[]) => setViews(keepViews(next));
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get('name');
    const name = typeof given === 'string' ? given.trim() : '';
    if (name === '') return;
    keep([{ name, query }, ...views.filter((view) => view.name !== name)]);
    event.currentTarget.reset();
  };
  return (
    <details name="facets" className="relative">
      <summary className="button list-none">{words.views.label(views.length)}</summary>
      <div className="popup p-2 lg:w-80 lg:right-0">
        <ul>
          {views.map((view) => (
            <li key={view.name} className="flex items-center gap-2">
              <button
                type="button"
                className="min-h-7 min-w-0 flex-1 truncate px-1 text-left hover:bg-sunken"
                onClick={() => onSearch(view.query)}
              >
                <Visible text={view.name} limit={60} line />{' '}
                <code className="text-quiet">
                  <Visible text={view.query} limit={80} line />
                </code>
              </button>
              <button
                type="button"
                className="button"
                aria-label={words.views.forget(view.name)}
                onClick={() => keep(views.filter((other) => other !== view))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        <form onSubmit={save} className="mt-2 flex gap-2">
          <input
            name="name"
            className="field flex-1"
            aria-label={words.views.name}
            placeholder={words.views.name}
            maxLength={60}
            autoComplete="off"
          />
          <button type="submit" className="button">
            {words.views.save}
          </button>
        </form>
      </div>
    </details>
  );
}
