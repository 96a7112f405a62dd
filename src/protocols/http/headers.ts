import type { Field } from '../../core/web.ts';
import { isHopByHop } from '../../wire/http-headers.ts';
import type { WebPlace } from '../../wire/settings.ts';

/** What the gateway can take off a body: only such codings are asked for, so that it sees what passes. */
export const decodable = ['gzip', 'deflate', 'br', 'zstd'] as const;
export type Coding = (typeof decodable)[number];

/** What says where the reply leads, and must lead back through the gateway. */
const placeFields: ReadonlySet<string> = new Set(['location', 'content-location']);
/** What a target says to whoever reaches it directly: how, and where else it is. Through the gateway it would lead astray. */
const directOnly: ReadonlySet<string> = new Set([
  'alt-svc',
  'strict-transport-security',
  'public-key-pins',
  'clear-site-data',
  'nel',
  'report-to',
]);
/** What is true of the coded body alone. */
const ofCodedBody: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
]);

/** What no browser makes a page of; a type that is missing is guessed from the body. */
const inert = /^(?:application\/(?:json|x-ndjson|octet-stream|[\w.-]+\+json)|text\/(?:plain|csv|event-stream))\s*(?:;|$)/i;

/**
 * All connections share an origin, and cookies know no ports: a page of one target could act on another with what the browser keeps, or
 * plant a cookie for the console on the same host. So a page gets an origin of its own that is nobody's. A policy of the target's
 * stands beside it, and both hold (Content Security Policy Level 3, section 3.1).
 */
const sandbox: Field = ['content-security-policy', 'sandbox allow-scripts allow-forms allow-popups allow-downloads'];

/** Where a connection leads, and how its client reaches it. */
export interface Places {
  readonly target: WebPlace;
  /** `https://gateway:port/<connection>`. */
  readonly base: string;
  /** `/<connection>`. */
  readonly prefix: string;
}

/** The client's fields in the form that the target gets, without the gateway's credential. */
export function requestFields(headers: readonly Field[], whole: boolean): Field[] {
  const fields: Field[] = [];
  let accepts = '';
  let isPart = false;
  for (const field of headers) {
    const [name, value] = field;
    // Frames are read and masked one by one, so none may be compressed.
    if (name === 'sec-websocket-extensions') continue;
    if (name === 'accept-encoding') accepts = accepts === '' ? value : `${accepts}, ${value}`;
    // A part of a body cannot be masked: who knows what stood before it. So the whole is asked for.
    else if (!(whole && (name === 'range' || name === 'if-range'))) {
      fields.push(field);
      isPart ||= name === 'range';
    }
  }
  // A part of a coded body cannot be decoded.
  fields.push(['accept-encoding', isPart ? 'identity' : acceptable(accepts)]);
  return fields;
}

/** Those of the client's codings that the gateway can take off, or none at all. */
function acceptable(accepts: string): string {
  const codings = accepts.split(',').map((coding) => coding.trim());
  const known = codings.filter((coding) => decodable.some((name) => coding.toLowerCase().split(';')[0]?.trim() === name));
  return known.length === 0 ? 'identity' : known.join(', ');
}

/** What servers say that have none, so that proxies apply none either, or that mean the charset. A body that is coded all the same is no text. */
const notCodings: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'utf8', 'binary', '8bit']);

/** The coding that the gateway takes off a reply's body; `unknown` where it cannot; null where there is none. */
export function codingOf(fields: readonly Field[]): Coding | 'unknown' | null {
  if (!fields.some(([name]) => name === 'content-encoding')) return null;
  const values = fields.filter(([name]) => name === 'content-encoding').map(([, value]) => value.trim().toLowerCase());
  const [coding, ...others] = values.flatMap((value) => value.split(/ *, */)).filter((value) => !notCodings.has(value));
  if (coding === undefined) return null;
  const found = decodable.find((name) => name === coding.replace(/^x-/, ''));
  return found !== undefined && others.length === 0 ? found : 'unknown';
}

/** A reply's fields in the form that the client gets. `rewritten` says that the body is not the one that the target sent. */
export function replyFields(fields: readonly Field[], places: Places, rewritten: boolean): Field[] {
  const shown: Field[] = [];
  for (const [name, value] of fields) {
    if (name === 'content-length' && !rewritten) shown.push([name, value]);
    else if (isHopByHop(name) || directOnly.has(name) || name.startsWith('proxy-')) continue;
    else if (rewritten && ofCodedBody.has(name)) continue;
    else if (placeFields.has(name)) shown.push([name, ledBack(value, places)]);
    else if (name === 'link' || name === 'refresh') shown.push([name, linksLedBack(value, places)]);
    else if (name === 'set-cookie') shown.push([name, scoped(value, places)]);
    else if (name === 'etag' && rewritten && !value.startsWith('W/')) shown.push([name, `W/${value}`]);
    else shown.push([name, value]);
  }
  if (!isInert(fields)) shown.push(sandbox);
  return shown;
}

/** Whether it has one type, and that is one of which no browser makes a page. */
function isInert(fields: readonly Field[]): boolean {
  let types = 0;
  for (const [name, value] of fields)
    if (name === 'content-type') {
      types += 1;
      if (!inert.test(value)) return false;
    }
  return types === 1;
}

/**
 * A URL of the target's by which its client stays within the connection. What lies beside the connection's path is spelled out:
 * relative to the gateway it would be another connection.
 */
export function ledBack(location: string, { target, base, prefix }: Places): string {
  if (location.startsWith('/') && !location.startsWith('//')) {
    const inside = within(location, target.path);
    return inside === null ? `${target.origin}${location}` : `${prefix}${inside}`;
  }
  const url = URL.parse(location.startsWith('//') ? `${new URL(target.origin).protocol}${location}` : location);
  if (url === null || url.origin !== target.origin) return location;
  const inside = within(`${url.pathname}${url.search}${url.hash}`, target.path);
  return inside === null ? location : `${base}${inside}`;
}

/** What stands behind the connection's path, or null where it does not begin with that. */
function within(path: string, prefix: string): string | null {
  if (!path.startsWith(prefix)) return null;
  const rest = path.slice(prefix.length);
  return rest === '' || /^[/?#]/.test(rest) ? rest : null;
}

/** `<URL>; rel=next, <URL>; …` (RFC 8288), and `5; url=URL`. */
function linksLedBack(value: string, places: Places): string {
  return value
    .replaceAll(/<([^<>]*)>/g, (_, url: string) => `<${ledBack(url, places)}>`)
    .replace(
      /(;\s*url=)(["']?)([^"']*)\2/i,
      (_, before: string, quote: string, url: string) => `${before}${quote}${ledBack(url, places)}${quote}`,
    );
}

/** A cookie that comes back to this connection alone. Its domain is the gateway's, which browsers and agents take by themselves. */
function scoped(cookie: string, { target, prefix }: Places): string {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  const kept = attributes.filter((attribute) => !/^(domain|path)\s*(=|$)/i.test(attribute));
  const path = attributes.findLast((attribute) => /^path\s*=/i.test(attribute))?.replace(/^path\s*=\s*/i, '');
  const inside = path === undefined ? null : within(path, target.path);
  return [pair, ...kept, `Path=${prefix}${inside ?? '/'}`].join('; ');
}
