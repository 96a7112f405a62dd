import { useEffect, useRef, useState } from 'react';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { Emulator } from './emulator.ts';
import type { Look, Run, Screen } from './screen.ts';
import { type TerminalProps, TerminalText } from './terminal-text.tsx';

/** A terminal as far as the head has come: its screen, and behind it all that was written and typed. */
export function TerminalView({ events }: TerminalProps) {
  const [screen, setScreen] = useState<Screen | null>(null);
  const emulator = useRef<Emulator | null>(null);
  useEffect(() => {
    const made = new Emulator(setScreen);
    emulator.current = made;
    return () => made.close();
  }, []);
  useEffect(() => emulator.current?.show(events), [events]);
  return (
    <figure className="border border-hairline bg-raised" aria-label={words.terminal.label}>
      {screen !== null && <Drawn screen={screen} />}
      <figcaption className="flex flex-col gap-1 border-t border-hairline px-2 py-1 text-quiet">
        <span>{words.terminal.plain}</span>
        {screen !== null && screen.cut !== null && (
          <span className="text-held">{words.terminal.smaller(screen.cut.columns, screen.cut.rows)}</span>
        )}
        {screen !== null && screen.ignored > 0 && <span className="text-held">{words.terminal.tooMuch(screen.ignored)}</span>}
        <TerminalText events={events} />
      </figcaption>
    </figure>
  );
}

function Drawn({ screen }: { readonly screen: Screen }) {
  return (
    <pre
      className="max-h-[70vh] overflow-auto bg-canvas p-2 text-code whitespace-pre"
      aria-label={words.terminal.screen(screen.columns, screen.rows)}
      role="region"
      tabIndex={0}
      data-screen=""
    >
      {screen.lines.map((runs, place) => (
        // A line of a screen is its place.
        <div key={place} className="min-h-[1lh]">
          {runs.map((run, at) => (
            <span key={at} className={classOf(run)}>
              <Visible text={run.text} line />
            </span>
          ))}
        </div>
      ))}
    </pre>
  );
}

const classes: { readonly [look in Look]: string } = {
  bold: 'font-semibold',
  dim: 'text-quiet',
  italic: 'italic',
  underlined: 'underline',
  struck: 'line-through',
  inverse: 'bg-ink text-canvas',
  hidden: 'underline decoration-dotted',
  cursor: 'outline outline-current',
};

function classOf({ looks }: Run): string {
  return looks.map((look) => classes[look]).join(' ');
}
