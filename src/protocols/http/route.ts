/** Where a request goes, as policies name it: the path with what is an id folded. */
export interface Route {
  readonly template: string;
  /** Of the OpenAPI document; '' where there is none. */
  readonly operationId: string;
  /** Whether the document that should know the route does. */
  readonly known: boolean;
}

/** What tells one thing of a kind from another, so that all of a kind are one route. The first that fits names it. */
const folds: readonly { readonly name: string; readonly fits: RegExp }[] = [
  { name: '{id}', fits: /^\d+$/ },
  { name: '{uuid}', fits: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i },
  { name: '{hash}', fits: /^(?=.*\d)[0-9a-f]{7,128}$/i },
  { name: '{date}', fits: /^\d{4}-\d{2}-\d{2}(?:[T_ ].*)?$/ },
  { name: '{email}', fits: /^[^@]+@[^@]+\.[^@]+$/ },
  { name: '{token}', fits: /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_.~=-]{16,}$/ },
  { name: '{id}', fits: /^[A-Za-z]{1,8}[_-]\d+$/ },
  { name: '{text}', fits: /^.{65,}$/ },
];

/**
 * The full name of a service of gRPC, `acme.orders.v1.Orders`, which has digits as tokens have: small words, of which at most a version ends
 * by digits, and a great one behind them.
 */
const service = /^(?:[a-z][a-z_]*(?:\d{1,2}(?:(?:alpha|beta)\d{0,2})?)?\.)+[A-Z][A-Za-z_]*\d{0,2}$/;

/** A path's template where nothing says which routes there are. */
export function foldIds(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment === '' || service.test(segment) ? segment : (folds.find(({ fits }) => fits.test(segment))?.name ?? segment)))
    .join('/');
}
