import { useState } from 'react';
import type { TerminalEvent } from '../recording/lines.ts';
import { words } from '../text.ts';
import { LongText } from './long-text.tsx';

export interface TerminalProps {
  readonly events: readonly TerminalEvent[];
}

/** A terminal as the texts that it is made of: nothing in them is carried out, and nothing is left out. */
export function TerminalText({ events }: TerminalProps) {
  return (
    <>
      <Said events={events} what="output" title={words.terminal.written} />
      <Said events={events} what="input" title={words.terminal.typed} />
    </>
  );
}

interface SaidProps extends TerminalProps {
  readonly what: 'output' | 'input';
  readonly title: string;
}

function Said({ events, what, title }: SaidProps) {
  const [open, setOpen] = useState(false);
  if (!events.some(({ event }) => event === what)) return null;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="text-quiet">
      <summary>{title}</summary>
      {open && <LongText text={events.map((each) => (each.event === what ? each.text : '')).join('')} />}
    </details>
  );
}
