import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouter } from '@tanstack/react-router';
import { Suspense, useEffect, useState } from 'react';
import { isSignedOut, postJson } from '../api/client.ts';
import { copy } from '../parts/copying.tsx';
import { isFocusNowhere } from '../parts/nowhere.ts';
import { PageHead } from '../parts/page-head.tsx';
import { Loading } from '../parts/states.tsx';
import { words } from '../text.ts';
import { HeldCount, HeldLink } from './held-count.tsx';
import { KeyMap } from './key-map.tsx';
import { useKeys } from './keys.tsx';
import { paletteKeys, usePalette } from './palette-door.tsx';
import { type Place, placesFor } from './places.ts';
import { usePreferences } from './preferences.tsx';
import { useOnline } from './online.ts';
import { Said, say } from './said.tsx';
import { useViewer } from './viewer.ts';

/** What stands around every page: where one can go, who is looking, and how times are shown. */
export function Shell() {
  const me = useViewer();
  const places = placesFor(me);
  const [mapOpen, setMapOpen] = useState(false);
  const { show, palette } = usePalette();
  const { toggleZone } = usePreferences();
  const navigate = useNavigate();
  const router = useRouter();
  useEffect(() => {
    document.addEventListener('pointerdown', closeElsewhere);
    return () => document.removeEventListener('pointerdown', closeElsewhere);
  }, []);
  useEffect(
    () =>
      // What was pressed to come here has gone: the next Tab begins in the page, and who listens is told that it is another one.
      router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
        if (fromLocation !== undefined && pathChanged && isFocusNowhere()) document.getElementById('page')?.focus({ preventScroll: true });
      }),
    [router],
  );
  useKeys(words.keys.everywhere, [
    { keys: '?', says: words.keys.map, run: () => setMapOpen(true) },
    { keys: paletteKeys, says: words.palette.open, run: show },
    { keys: 'u', says: words.keys.zone, run: toggleZone },
    { keys: 'y', says: words.keys.copyAddress, run: () => void copy(location.href, words.copy.address) },
    { keys: 'Escape', says: words.keys.up, run: () => up(router) },
    ...places.map(({ to, key, name }) => ({ keys: `g ${key}`, says: words.keys.go(name), run: () => void navigate({ to }) })),
  ]);
  return (
    <div className="flex h-full flex-col md:flex-row">
      <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-raised focus:p-2">
        {words.skip}
      </a>
      <Rail places={places} onFind={show} onMap={() => setMapOpen(true)} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <Connectivity />
        <main id="page" tabIndex={-1} className="flex min-h-0 flex-1 flex-col overflow-y-auto outline-none">
          <Suspense fallback={<Loading what={words.states.page} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      {palette}
      <Said />
      <KeyMap open={mapOpen} onClose={() => setMapOpen(false)} />
    </div>
  );
}

/** A press beside what is open closes it. */
function closeElsewhere({ target }: PointerEvent): void {
  for (const details of document.querySelectorAll('details[name][open]'))
    if (target instanceof Node && !details.contains(target)) details.removeAttribute('open');
}

/** Closes what is open, and then goes from a thing to the list that it is of; never out of the console. */
function up({ state, navigate }: Pick<ReturnType<typeof useRouter>, 'state' | 'navigate'>): void {
  const open = [...document.querySelectorAll('details[name][open]')];
  if (open.length > 0) {
    for (const details of open) details.removeAttribute('open');
    return;
  }
  const { pathname } = state.location;
  const above = pathname.includes('/exchanges/') ? pathname.replace(/\/exchanges\/.*/, '') : pathname.replace(/\/[^/]+$/, '');
  if (above !== '' && above !== pathname) void navigate({ to: above });
}

interface RailProps extends CornerProps {
  readonly places: readonly Place[];
}

function Rail({ places, onFind, onMap }: RailProps) {
  return (
    <>
      <header className="flex items-center justify-between border-b border-hairline px-4 py-2 md:hidden print:hidden">
        <Name />
        <HeldLink />
        <details className="relative" name="places">
          <summary className="button list-none">{words.menu}</summary>
          <div className="absolute right-0 z-30 mt-1 w-64 border border-control bg-raised py-2 shadow-lg">
            <Places places={places} />
            <Corner onFind={onFind} onMap={onMap} />
          </div>
        </details>
      </header>
      <div className="hidden w-44 shrink-0 flex-col justify-between border-r border-hairline md:flex print:hidden">
        <div className="min-h-0 overflow-y-auto">
          <div className="px-4 pt-4 pb-3">
            <Name />
          </div>
          <Places places={places} />
        </div>
        <Corner onFind={onFind} onMap={onMap} />
      </div>
    </>
  );
}

function Name() {
  return (
    <Link to="/" className="flex items-center gap-2 font-semibold no-underline text-prose">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M1.5 0v16M14.5 0v16" stroke="currentColor" strokeWidth="2" />
        <circle cx="8" cy="8" r="3" fill="currentColor" />
      </svg>
      {words.product}
    </Link>
  );
}

function Places({ places }: { readonly places: readonly Place[] }) {
  const close = () => document.querySelector('details[name=places]')?.removeAttribute('open');
  return (
    <nav aria-label={words.places.label}>
      {[...new Set(places.map(({ group }) => group))].map((group) => (
        <div key={group} className="mb-3">
          <div className="px-4 pb-0.5 text-meta text-quiet">{words.places.groups[group]}</div>
          {places
            .filter((place) => place.group === group)
            .map(({ to, name }) => (
              <Link
                key={to}
                to={to}
                onClick={close}
                activeProps={{ 'aria-current': 'page' }}
                className="flex h-7 items-center justify-between border-l-2 border-transparent px-3.5 no-underline hover:bg-sunken aria-[current=page]:border-ink aria-[current=page]:font-semibold"
              >
                {name}
                {to === '/approvals' && <HeldCount />}
              </Link>
            ))}
        </div>
      ))}
    </nav>
  );
}

/** Where the issuer's own sign-out is, where it has one. */
type Left = { readonly location: string } | null;

interface CornerProps {
  readonly onFind: () => void;
  readonly onMap: () => void;
}

function Corner({ onFind, onMap }: CornerProps) {
  const me = useViewer();
  const { zone, theme, toggleZone, nextTheme } = usePreferences();
  const queries = useQueryClient();
  const signOut = async () => {
    // The issuer's own sign-out comes after the console's, where the gateway says so, and leads back.
    let left: Left = null;
    try {
      left = await postJson<Left>('/api/v1/logout', {});
    } catch (fault) {
      // Whose sign-in is over has left already; anybody else is still signed in, and must know.
      if (!isSignedOut(fault)) {
        say(words.signOutFailed);
        return;
      }
    }
    queries.clear();
    location.assign(left?.location ?? '/sign-in');
  };
  return (
    <div className="border-t border-hairline px-4 py-3 text-quiet">
      <div className="truncate text-ink" title={`${me.principal.subject} · ${me.principal.issuer}`}>
        {me.principal.email ?? me.principal.subject}
      </div>
      <div className="text-meta">{me.roles.length === 0 ? words.roles.none : me.roles.map((role) => words.roles[role]).join(', ')}</div>
      <div className="mt-2 flex flex-wrap gap-x-3 text-meta">
        <button type="button" className="min-h-6 underline" onClick={toggleZone}>
          {words.zones[zone]}
        </button>
        <button type="button" className="min-h-6 underline" onClick={nextTheme}>
          {words.themes[theme]}
        </button>
        <button type="button" className="min-h-6 underline" onClick={onFind} title={paletteKeys}>
          {words.palette.button}
        </button>
        <button type="button" className="min-h-6 underline" onClick={onMap}>
          {words.keys.button}
        </button>
        <button type="button" className="min-h-6 underline" onClick={() => void signOut()}>
          {words.signOut}
        </button>
      </div>
    </div>
  );
}

/** Says that what is on the page may be old, as long as the gateway does not answer. */
function Connectivity() {
  const online = useOnline();
  if (online) return null;
  return (
    <p role="status" className="border-b border-held bg-held-tint px-4 py-1.5 text-held">
      {words.states.offline}
    </p>
  );
}

export function NotFound() {
  return (
    <PageHead title={words.notFound.title}>
      <p className="text-prose">
        {words.notFound.detail} <Link to="/">{words.notFound.home}</Link>
      </p>
    </PageHead>
  );
}
