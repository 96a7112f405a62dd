import { Dialog } from '../parts/dialog.tsx';
import { words } from '../text.ts';
import { useBoundKeys } from './keys.tsx';

/** Every key that does something on this page right now. */
export function KeyMap({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const groups = useBoundKeys(open);
  return (
    <Dialog open={open} title={words.keys.title} onClose={onClose}>
      <div className="grid gap-6 sm:grid-cols-2">
        {groups
          .filter(({ bindings }) => bindings.length > 0)
          .map(({ name, bindings }, place) => (
            // Groups are listed once, while the map is open.
            <section key={place}>
              <h3 className="mb-1 text-meta text-quiet">{name}</h3>
              <dl className="grid grid-cols-[10ch_1fr] gap-y-1">
                {bindings.map(({ keys, says }) => (
                  <div key={keys} className="contents">
                    <dt>
                      <kbd className="border border-hairline px-1">{keys === ' ' ? words.keys.space : keys}</kbd>
                    </dt>
                    <dd>{says}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
      </div>
      <p className="mt-4 text-quiet">{words.keys.note}</p>
    </Dialog>
  );
}
