/** What a path below the connection asks for. The table is all that passes. */
export type Route =
  | { readonly kind: 'list'; readonly service: Service }
  | { readonly kind: 'fetch' }
  | { readonly kind: 'push' }
  | { readonly kind: 'lfs-batch' }
  | { readonly kind: 'lfs-object'; readonly oid: string; readonly ticket: string }
  | { readonly kind: 'lfs-verify'; readonly ticket: string }
  | { readonly kind: 'lfs-locks'; readonly path: string; readonly changes: boolean };

export type Service = 'git-upload-pack' | 'git-receive-pack';

const table: readonly (readonly [method: string, path: RegExp, route: (found: readonly string[]) => Route])[] = [
  ['GET', /^\/info\/refs\?service=(git-upload-pack|git-receive-pack)$/, ([service]) => ({ kind: 'list', service: service as Service })],
  ['POST', /^\/git-upload-pack$/, () => ({ kind: 'fetch' })],
  ['POST', /^\/git-receive-pack$/, () => ({ kind: 'push' })],
  ['POST', /^\/info\/lfs\/objects\/batch$/, () => ({ kind: 'lfs-batch' })],
  ['GET', /^\/info\/lfs\/objects\/([0-9a-f]{64})\/([0-9a-f]{32})$/, ([oid = '', ticket = '']) => ({ kind: 'lfs-object', oid, ticket })],
  ['PUT', /^\/info\/lfs\/objects\/([0-9a-f]{64})\/([0-9a-f]{32})$/, ([oid = '', ticket = '']) => ({ kind: 'lfs-object', oid, ticket })],
  ['POST', /^\/info\/lfs\/verify\/([0-9a-f]{32})$/, ([ticket = '']) => ({ kind: 'lfs-verify', ticket })],
  ['GET', /^(\/info\/lfs\/locks(?:\?[A-Za-z0-9=&%._~+/-]*)?)$/, ([path = '']) => ({ kind: 'lfs-locks', path, changes: false })],
  ['POST', /^(\/info\/lfs\/locks\/verify)$/, ([path = '']) => ({ kind: 'lfs-locks', path, changes: false })],
  ['POST', /^(\/info\/lfs\/locks)$/, ([path = '']) => ({ kind: 'lfs-locks', path, changes: true })],
  ['POST', /^(\/info\/lfs\/locks\/[A-Za-z0-9_-]+\/unlock)$/, ([path = '']) => ({ kind: 'lfs-locks', path, changes: true })],
];

/** Null where nothing of the table is asked for: another path, or another spelling of one. */
export function routeOf(method: string, path: string): Route | null {
  for (const [allowed, pattern, route] of table) {
    const found = allowed === method ? pattern.exec(path) : null;
    if (found !== null) return route(found.slice(1));
  }
  return null;
}

/** What the older "dumb" protocol asks for: files of the repository, whose reading no policy could tell apart. */
export function isDumb(path: string): boolean {
  return /^\/(HEAD|info\/refs|objects\/.*)$/.test(path);
}
