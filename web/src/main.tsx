import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isSignedOut, Unreachable } from './api/client.ts';
import { createConsoleRouter, loadPages } from './router.tsx';
import { KeyboardProvider } from './shell/keys.tsx';
import { PreferencesProvider } from './shell/preferences.tsx';
import './style/console.css';

const queries = new QueryClient({
  // A sign-in that has ended is found by whatever asks next; one comes back to where one was.
  queryCache: new QueryCache({ onError: (fault) => isSignedOut(fault) && signInAgain() }),
  defaultOptions: {
    queries: {
      // A refusal is an answer, and asking again would only put a second one on the audit trail.
      retry: (count, fault) => fault instanceof Unreachable && count < 2,
      staleTime: 5_000,
      // Looking at a record is itself recorded, so the console looks when somebody does, not when a window is touched.
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

const router = createConsoleRouter(queries);

/** Once the first page stands. */
const idleAfterMs = 1_500;
setTimeout(() => void loadPages(), idleAfterMs);

function signInAgain(): void {
  const { pathname, href } = router.state.location;
  if (pathname !== '/sign-in') void router.navigate({ to: '/sign-in', search: { return: href } });
}

const place = document.getElementById('console');
if (place === null) throw new Error('the page has no place for the console');
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <PreferencesProvider>
        <KeyboardProvider>
          <RouterProvider router={router} />
        </KeyboardProvider>
      </PreferencesProvider>
    </QueryClientProvider>
  </StrictMode>,
);
