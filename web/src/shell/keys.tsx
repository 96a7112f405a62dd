import { createContext, type ReactNode, useContext, useEffect, useEffectEvent, useMemo, useRef } from 'react';

/** A key, or two in a row such as `g s`, with what it does, as the map on `?` shows it. */
export interface Binding {
  readonly keys: string;
  readonly says: string;
  readonly run: () => void;
}

interface Group {
  readonly name: string;
  readonly bindings: readonly Binding[];
}

interface Keyboard {
  readonly groups: () => readonly Group[];
  readonly enter: (group: Group) => () => void;
}

const KeyboardContext = createContext<Keyboard | null>(null);

/** How long the first key of two waits for the second. */
const pairMs = 1200;

export function KeyboardProvider({ children }: { readonly children: ReactNode }) {
  const groups = useRef<Group[]>([]);
  const first = useRef<{ readonly key: string; readonly at: number } | null>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const pair = first.current !== null && event.timeStamp - first.current.at < pairMs ? `${first.current.key} ${event.key}` : null;
      const bindings = groups.current.toReversed().flatMap((group) => group.bindings);
      const found = bindings.find(({ keys }) => keys === pair) ?? bindings.find(({ keys }) => keys === event.key);
      first.current = { key: event.key, at: event.timeStamp };
      if (found === undefined) return;
      first.current = null;
      event.preventDefault();
      found.run();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  const keyboard = useMemo<Keyboard>(
    () => ({
      groups: () => groups.current,
      enter: (group) => {
        groups.current = [...groups.current, group];
        return () => {
          groups.current = groups.current.filter((other) => other !== group);
        };
      },
    }),
    [],
  );
  return <KeyboardContext value={keyboard}>{children}</KeyboardContext>;
}

/** Keys never fire where somebody types, or in an open dialog, whose keys are its own. */
function isTyping(event: KeyboardEvent): boolean {
  // In a shadow tree the event names its host; the path names who really has the focus.
  const target = event.composedPath()[0];
  // Also where the focus was on something in the dialog that has gone since.
  if (document.querySelector('dialog:modal') !== null) return true;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select');
}

/** Binds keys as long as the component is on the page. */
export function useKeys(name: string, bindings: readonly Binding[]): void {
  const keyboard = useKeyboard();
  const signature = bindings.map(({ keys, says }) => `${keys}\u0000${says}`).join('\u0001');
  const run = useEffectEvent((keys: string) => bindings.find((binding) => binding.keys === keys)?.run());
  useEffect(() => {
    const stable = signature === '' ? [] : signature.split('\u0001').map((pair) => pair.split('\u0000'));
    return keyboard.enter({ name, bindings: stable.map(([keys = '', says = '']) => ({ keys, says, run: () => run(keys) })) });
  }, [keyboard, name, signature]);
}

/** What is bound right now; read when the map opens. */
export function useBoundKeys(open: boolean): readonly Group[] {
  const keyboard = useKeyboard();
  return open ? keyboard.groups() : [];
}

function useKeyboard(): Keyboard {
  const keyboard = useContext(KeyboardContext);
  if (keyboard === null) throw new Error('keys are bound outside of the keyboard');
  return keyboard;
}
