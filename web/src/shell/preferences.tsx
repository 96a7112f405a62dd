import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

export type Zone = 'local' | 'utc';
export type Theme = 'system' | 'light' | 'dark';

interface Preferences {
  readonly zone: Zone;
  readonly theme: Theme;
  readonly toggleZone: () => void;
  readonly nextTheme: () => void;
}

const PreferencesContext = createContext<Preferences | null>(null);
const themes: readonly Theme[] = ['system', 'light', 'dark'];

/** How this reader wants to see times and colours, kept in this browser alone. */
export function PreferencesProvider({ children }: { readonly children: ReactNode }) {
  const [zone, setZone] = useState<Zone>(() => (kept('zone') === 'utc' ? 'utc' : 'local'));
  const [theme, setTheme] = useState<Theme>(() => themes.find((name) => name === kept('theme')) ?? 'system');
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  useEffect(() => localStorage.setItem('zone', zone), [zone]);
  const value = useMemo(
    () => ({
      zone,
      theme,
      toggleZone: () => setZone((now) => (now === 'utc' ? 'local' : 'utc')),
      nextTheme: () => setTheme((now) => themes[(themes.indexOf(now) + 1) % themes.length] ?? 'system'),
    }),
    [zone, theme],
  );
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

export function usePreferences(): Preferences {
  const preferences = useContext(PreferencesContext);
  if (preferences === null) throw new Error('preferences are read outside of their provider');
  return preferences;
}

function kept(name: string): string | null {
  return localStorage.getItem(name);
}
