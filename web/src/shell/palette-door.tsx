import { type ReactNode, Suspense, useEffect, useEffectEvent, useRef, useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { lazyOr } from '../parts/lazy-or.ts';
import { Loading } from '../parts/states.tsx';
import { words } from '../text.ts';

export const loadPalette = async () => (await import('../palette/palette.tsx')).Palette;

const Palette = lazyOr(loadPalette, Unloaded);

/** As this machine's people write it. */
export const paletteKeys = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘ K' : 'Ctrl K';

/** The palette, and what shows it: Ctrl or ⌘ and K wherever one is, also while one types. Its code comes when it is first wanted. */
export function usePalette(): { readonly show: () => void; readonly palette: ReactNode } {
  const [open, setOpen] = useState(false);
  const before = useRef<Element | null>(null);
  const show = () => {
    // A dialog that is open is to be answered first.
    if (document.querySelector('dialog[open]') !== null) return;
    before.current = document.activeElement;
    setOpen(true);
  };
  const close = (went: boolean) => {
    setOpen(false);
    const target = went ? document.getElementById('page') : before.current;
    // Once the dialog is gone: until then it has the focus.
    if (target instanceof HTMLElement) setTimeout(() => target.focus());
  };
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== 'k' || event.altKey || event.shiftKey || event.ctrlKey === event.metaKey) return;
    event.preventDefault();
    if (open) close(false);
    else show();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event);
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
  const palette = open && (
    <Suspense fallback={<Loading what={words.palette.button} />}>
      <Palette onClose={close} />
    </Suspense>
  );
  return { show, palette };
}

function Unloaded({ onClose }: { readonly onClose: (went: boolean) => void }) {
  return (
    <Dialog open title={words.palette.title} onClose={() => onClose(false)}>
      <p role="alert">{words.palette.unloaded}</p>
    </Dialog>
  );
}
