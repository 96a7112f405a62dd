import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { Visible } from '../parts/visible.tsx';
import { readViews } from '../query/views.ts';
import { placesFor } from '../shell/places.ts';
import { useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';
import { type Choice, choicesFor } from './choices.ts';

interface PaletteProps {
  /** `went`: to somewhere else, so that the focus belongs there. */
  readonly onClose: (went: boolean) => void;
}

/** One field for going anywhere: a combobox with its list of choices (ARIA Authoring Practices, list autocomplete). */
export function Palette({ onClose }: PaletteProps) {
  const me = useViewer();
  const [text, setText] = useState('');
  const [views] = useState(readViews);
  const choices = useMemo(() => choicesFor(text, placesFor(me), views), [text, me, views]);
  const [wanted, setWanted] = useState(0);
  const active = Math.min(wanted, choices.length - 1);
  const navigate = useNavigate();
  const list = useId();
  const field = useRef<HTMLInputElement>(null);
  // After the dialog has opened, which gives the focus to its first button.
  useEffect(() => field.current?.focus(), []);
  const go = (choice: Choice | undefined) => {
    if (choice === undefined) return;
    onClose(true);
    void navigate(choice.goal);
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && choices.length > 0) setWanted((active + step + choices.length) % choices.length);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) go(choices[active]);
    else return;
    event.preventDefault();
  };
  const optionId = (place: number) => `${list}-${place}`;
  return (
    <Dialog open title={words.palette.title} onClose={() => onClose(false)}>
      <input
        ref={field}
        role="combobox"
        aria-label={words.palette.label}
        aria-expanded={choices.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={choices.length > 0 ? optionId(active) : undefined}
        className="field w-full"
        value={text}
        maxLength={2_000}
        placeholder={words.palette.label}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value);
          setWanted(0);
        }}
        onKeyDown={press}
      />
      <div id={list} role="listbox" tabIndex={-1} aria-label={words.palette.choices} className="mt-2 max-h-[50vh] overflow-y-auto">
        {choices.map((choice, place) => (
          // Choices are drawn anew with each letter.
          <Option key={place} id={optionId(place)} choice={choice} active={place === active} onChoose={() => go(choice)} />
        ))}
      </div>
      <p role="status" className="mt-1 text-meta text-quiet">
        {words.palette.count(choices.length)}
      </p>
    </Dialog>
  );
}

interface OptionProps {
  readonly id: string;
  readonly choice: Choice;
  readonly active: boolean;
  readonly onChoose: () => void;
}

function Option({ id, choice, active, onChoose }: OptionProps) {
  const { group, name, detail } = choice;
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) line.current?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    // The keyboard chooses by the field, which names the active option.
    <div
      ref={line}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      className={`flex min-h-7 items-baseline gap-3 border-l-2 px-2 py-1 ${active ? 'border-ink bg-sunken' : 'border-transparent'}`}
      onPointerDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      <span className="min-w-0 break-words">
        <Visible text={name} limit={200} line />
      </span>
      {detail !== '' && (
        <code className="min-w-0 flex-1 truncate text-quiet">
          <Visible text={detail} limit={80} line />
        </code>
      )}
      <span className="ml-auto shrink-0 text-meta text-quiet">{words.palette.groups[group]}</span>
    </div>
  );
}
