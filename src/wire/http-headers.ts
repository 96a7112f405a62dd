/** A header field as it came. */
type Field = readonly [name: string, value: string];

/** Fields that are for one connection alone (RFC 9110 section 7.6.1), or that frame a body, which each hop does anew. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
  'trailer',
  'host',
  'expect',
];

/** The client's own way of proving itself to the gateway, and what belongs to it. */
const credentials = ['authorization', 'proxy-authorization', 'proxy-authenticate', 'chaperone-run', 'chaperone-reason'];

/**
 * What servers take from the proxy before them and from nobody else: who the client is, where it is, what it asked for. A client
 * that says such a thing itself is believed by mistake (oauth2-proxy CVE-2025-64484, Warpgate CVE-2026-63329).
 */
const saidByProxies = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-remote-user',
  'remote-user',
  'x-remote-group',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-rewrite-url',
  'x-host',
  'x-authenticated-user',
  'x-webauth-user',
];

/** What makes some servers take another method than the one that was judged. */
const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override'];

const dropped: ReadonlySet<string> = new Set([...hopByHop, ...credentials, ...saidByProxies, ...overrides]);
const droppedPrefixes = ['x-forwarded-', 'x-auth-request-', 'x-envoy-', 'x-chaperone-'];

/**
 * Whether a client's field may go on to a target. A name with an underscore may not: servers that make variables of headers (CGI
 * and its heirs, RFC 3875 section 4.1.18) cannot tell it from the one with a hyphen, so it would pass for any of the above.
 */
function passes(name: string): boolean {
  return !dropped.has(name) && !name.includes('_') && !droppedPrefixes.some((prefix) => name.startsWith(prefix)) && name[0] !== ':';
}

/** A message's fields as pairs, names in lower case, without those that its own `Connection` field names. `raw` is Node's `rawHeaders`. */
export function fieldsOf(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) fields.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  return ofMessage(fields);
}

/** Those of a message's fields that its own `Connection` field does not name; the same list where it names none. */
export function ofMessage(fields: Field[]): Field[];
export function ofMessage(fields: readonly Field[]): readonly Field[];
export function ofMessage(fields: readonly Field[]): readonly Field[] {
  let named: string[] | null = null;
  for (const [name, value] of fields)
    if (name === 'connection' && !isUsual(value))
      (named ??= []).push(
        ...value
          .toLowerCase()
          .split(',')
          .map((one) => one.trim()),
      );
  const dismissed = named;
  return dismissed === null ? fields : fields.filter(([name]) => name === 'connection' || !dismissed.includes(name));
}

function isUsual(connection: string): boolean {
  const value = connection.toLowerCase();
  return value === 'keep-alive' || value === 'close' || value === 'upgrade';
}

/** Those of a client's fields that may go on. */
export function forwardable(fields: readonly Field[]): Field[] {
  return fields.filter((field) => passes(field[0]) || takesTrailers(field)).flatMap(withoutOwnCookies);
}

/** All that may be said so in HTTP/2 (RFC 9113 section 8.2.2), where servers of gRPC ask for it: client and gateway take trailers. */
function takesTrailers([name, value]: Field): boolean {
  return name === 'te' && value === 'trailers';
}

/** Cookies know no ports (RFC 6265 section 8.5): a browser that is signed in to the console sends its cookies to every listener of the host. */
const ownCookie = /^(__host-)?chaperone-/i;

function withoutOwnCookies(field: Field): Field[] {
  const [name, value] = field;
  if (name !== 'cookie' || !/chaperone-/i.test(value)) return [field];
  const others = value.split(';').filter((pair) => !ownCookie.test(pair.trim()));
  return others.length === 0 ? [] : [[name, others.join(';').trim()]];
}

const oneHop: ReadonlySet<string> = new Set(hopByHop);

/** Whether a field of a target's reply is for the connection to the gateway alone. */
export function isHopByHop(name: string): boolean {
  return oneHop.has(name);
}
