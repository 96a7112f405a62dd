import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { isSignedOut } from './api/client.ts';
import { Fault, Loading } from './parts/states.tsx';
import { loadPalette } from './shell/palette-door.tsx';
import { NotFound, Shell } from './shell/shell.tsx';
import { SignIn } from './shell/sign-in.tsx';
import { homeOf, viewerQuery } from './shell/viewer.ts';
import { words } from './text.ts';

interface Context {
  readonly queries: QueryClient;
}

/** What an address may carry behind its `?`, each a plain text, so that addresses stay readable and can be typed. */
type Search<Name extends string> = { readonly [name in Name]?: string };

function search<Name extends string>(...names: readonly Name[]) {
  return (given: Readonly<Record<string, unknown>>): Search<Name> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = given[name];
        return typeof value === 'string' && value !== '' ? [[name, value]] : [];
      }),
    ) as Search<Name>;
}

/** A page's own code comes when it is first gone to. */
const pages = {
  overview: () => import('./pages/overview.tsx'),
  runs: () => import('./pages/runs.tsx'),
  run: () => import('./pages/run.tsx'),
  inspector: () => import('./runs/inspector.tsx'),
  sessions: () => import('./pages/sessions.tsx'),
  session: () => import('./pages/session.tsx'),
  exchanges: () => import('./pages/exchanges.tsx'),
  approvals: () => import('./pages/approvals.tsx'),
  approval: () => import('./pages/approval.tsx'),
  connections: () => import('./pages/connections.tsx'),
  connection: () => import('./pages/connection.tsx'),
  newConnection: () => import('./pages/new-connection.tsx'),
  masking: () => import('./pages/masking.tsx'),
  policies: () => import('./pages/policies.tsx'),
  retention: () => import('./pages/retention.tsx'),
  proof: () => import('./pages/proof.tsx'),
  audit: () => import('./pages/audit.tsx'),
  health: () => import('./pages/health.tsx'),
} as const;

/**
 * Brings the code of all pages, some tens of kilobytes. A console that is open stays one when its gateway restarts: what a press
 * leads to must not need the gateway to be there at that moment.
 */
export async function loadPages(): Promise<void> {
  await Promise.allSettled([...Object.values(pages), loadPalette].map((load) => load()));
}

const root = createRootRouteWithContext<Context>()({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: search('return', 'code'),
  component: SignIn,
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      return { me: await context.queries.ensureQueryData(viewerQuery) };
    } catch (fault) {
      if (isSignedOut(fault)) throw redirect({ to: '/sign-in', search: { return: location.href } });
      throw fault;
    }
  },
});

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: ({ context }) => {
    throw redirect({ to: homeOf(context.me) });
  },
});

const at = <Path extends string>(path: Path) => ({ getParentRoute: () => shell, path }) as const;

const overview = createRoute({
  ...at('/overview'),
  validateSearch: search('hours'),
  component: lazyRouteComponent(pages.overview, 'Overview'),
});
const runs = createRoute({
  ...at('/runs'),
  validateSearch: search('user', 'agent', 'name', 'connection', 'status', 'exceptional', 'since', 'until'),
  component: lazyRouteComponent(pages.runs, 'Runs'),
});
const run = createRoute({ ...at('/runs/$run'), component: lazyRouteComponent(pages.run, 'RunPage') });
const runExchange = createRoute({
  getParentRoute: () => run,
  path: '/exchanges/$session/$ordinal',
  component: lazyRouteComponent(pages.inspector, 'Inspector'),
});
const sessions = createRoute({
  ...at('/sessions'),
  validateSearch: search('user', 'agent', 'run', 'connection', 'protocol', 'status', 'since', 'until'),
  component: lazyRouteComponent(pages.sessions, 'Sessions'),
});
const session = createRoute({
  ...at('/sessions/$id'),
  validateSearch: search('exchange', 'sequence'),
  component: lazyRouteComponent(pages.session, 'SessionPage'),
});
const exchanges = createRoute({
  ...at('/exchanges'),
  validateSearch: search('q'),
  component: lazyRouteComponent(pages.exchanges, 'Exchanges'),
});
const approvals = createRoute({
  ...at('/approvals'),
  validateSearch: search('status'),
  component: lazyRouteComponent(pages.approvals, 'Approvals'),
});
const approval = createRoute({
  ...at('/approvals/$id'),
  component: lazyRouteComponent(pages.approval, 'ApprovalPage'),
});
const connections = createRoute({
  ...at('/connections'),
  component: lazyRouteComponent(pages.connections, 'Connections'),
});
const connection = createRoute({
  ...at('/connections/$name'),
  component: lazyRouteComponent(pages.connection, 'ConnectionPage'),
});
/** No path of its own below the connections: one of them may be called so. */
const newConnection = createRoute({
  ...at('/new-connection'),
  component: lazyRouteComponent(pages.newConnection, 'NewConnection'),
});
const masking = createRoute({ ...at('/masking'), component: lazyRouteComponent(pages.masking, 'Masking') });
const policies = createRoute({
  ...at('/policies'),
  validateSearch: search('view', 'version', 'file'),
  component: lazyRouteComponent(pages.policies, 'Policies'),
});
const retention = createRoute({ ...at('/retention'), component: lazyRouteComponent(pages.retention, 'Retention') });
const proof = createRoute({ ...at('/proof'), component: lazyRouteComponent(pages.proof, 'Proof') });
const audit = createRoute({
  ...at('/audit'),
  validateSearch: search('event', 'actor', 'session', 'since', 'until'),
  component: lazyRouteComponent(pages.audit, 'Audit'),
});
const health = createRoute({ ...at('/health'), component: lazyRouteComponent(pages.health, 'Health') });

/** Whoever is signed in keeps the way to all other pages. */
const nowhere = createRoute({ ...at('/$'), component: NotFound });

const tree = root.addChildren([
  signIn,
  shell.addChildren([
    home,
    overview,
    runs,
    run.addChildren([runExchange]),
    sessions,
    session,
    exchanges,
    approvals,
    approval,
    connections,
    connection,
    newConnection,
    masking,
    policies,
    retention,
    proof,
    audit,
    health,
    nowhere,
  ]),
]);

export function createConsoleRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: false,
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (given) => {
      const pairs = Object.entries(given).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]]));
      return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
    },
    defaultPendingComponent: () => <Loading what={words.states.page} />,
    defaultErrorComponent: ({ error, reset }) => <Fault fault={error} retry={reset} />,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
