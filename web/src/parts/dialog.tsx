import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { words } from '../text.ts';

interface DialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The browser's own modal: it traps focus, closes on Escape, hides what is behind from everybody, and needs no style of its own. */
export function Dialog({ open, ...shown }: DialogProps) {
  return open ? <Opened {...shown} /> : null;
}

function Opened({ title, onClose, children }: Omit<DialogProps, 'open'>) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Closed while it still is in the page: only then does the browser give the focus back to what had it before.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="max-h-[85vh] w-[min(640px,calc(100vw-24px))] border border-control bg-raised p-0"
    >
      <header className="sticky top-0 flex items-center justify-between border-b border-hairline bg-raised px-4 py-3">
        <h2 id={heading} className="text-section font-semibold">
          {title}
        </h2>
        <button type="button" className="button" onClick={onClose}>
          {words.close}
        </button>
      </header>
      <div className="p-4">{children}</div>
    </dialog>
  );
}
