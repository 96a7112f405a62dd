import { useEffect, useState } from 'react';
import { say } from '../shell/said.tsx';
import { words } from '../text.ts';

/** Whether it is in the clipboard now. Browsers have one for pages of https or loopback alone, and readers can forbid it. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Copies for a key, and says whether it did. */
export async function copy(text: string, done: string): Promise<void> {
  say((await copied(text)) ? done : words.copy.failed);
}

interface CopyButtonProps {
  readonly label: string;
  readonly text: () => string;
  readonly className?: string;
}

const standsMs = 3_000;

/** Copies, and says beside itself whether it did: in a dialog nothing else would be heard. */
export function CopyButton({ label, text, className = 'button' }: CopyButtonProps) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(() => setSaid(''), standsMs);
    return () => clearTimeout(timer);
  }, [said]);
  const press = async () => setSaid((await copied(text())) ? words.copy.done : words.copy.failed);
  return (
    <>
      <button type="button" className={className} onClick={() => void press()}>
        {label}
      </button>
      <span role="status">{said}</span>
    </>
  );
}
