import type { Action } from '../../core/action.ts';
import { plainAction } from '../../core/action.ts';
import type { Field, Visit } from '../../core/web.ts';
import { requestAction } from './actions.ts';
import { targetWithout, withoutCredential } from './credential.ts';
import { headFrame, letter } from './framing.ts';
import { NotGraphQl } from './graphql.ts';
import { formKindOf, overridesInForm, overridesInQuery } from './method-override.ts';
import { operationInQuery, operationsOf } from './graphql-request.ts';
import { requestFields } from './headers.ts';
import { type CanonicalTarget, canonicalTarget } from './path.ts';
import { foldIds } from './route.ts';
import type { Settings } from './settings.ts';

/** A request in the one form that is judged, recorded and sent, the gateway's credential apart. */
export interface RequestHead {
  readonly method: string;
  readonly target: CanonicalTarget;
  readonly fields: readonly Field[];
  readonly action: Action;
  /** Whether its body is a form of parts too long to be read before it was judged. */
  readonly isLongForm: boolean;
  /** What makes it one that does not pass, whatever policy says; null where nothing does. */
  readonly problem: string | null;
}

/** Where the gateway's credential stands, and a client's own may not. */
interface CredentialPlace {
  readonly field: string | null;
  readonly parameter: string | null;
}

function placeOfCredential({ credentials }: Settings): CredentialPlace {
  if (credentials === undefined) return { field: null, parameter: null };
  if ('query' in credentials) return { field: null, parameter: credentials.query };
  return { field: 'header' in credentials ? credentials.header.toLowerCase() : 'authorization', parameter: null };
}

/** Whether a request's body must be known before it can be said what it asks: GraphQL, and forms, in which another method may stand. */
export function isReadFirst(visit: Visit, { target }: Settings): boolean {
  if (formKindOf(valueOf(visit.headers, 'content-type')) !== null) return true;
  const path = canonicalTarget(visit.path, target.encodedSlashes);
  return typeof path !== 'string' && target.graphql.includes(path.path);
}

/** How many targets of requests without a body are remembered with what asking for them is: agents ask for the same again and again. */
const rememberedRequests = 1_000;
const longestRemembered = 2_048;

/** What was read of requests before, by what decides it. The same action is found again by policy without being read. */
export class RequestReader {
  readonly #settings: Settings;
  readonly #place: CredentialPlace;
  readonly #known = new Map<string, Pick<RequestHead, 'target' | 'action'>>();
  readonly #lastFields = new WeakMap<readonly Field[], { readonly whole: boolean; readonly fields: readonly Field[] }>();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#place = placeOfCredential(settings);
  }

  /** `body` is that of a request that is read before it is judged; null where it is longer than is read. */
  read(visit: Visit, whole: boolean, body: Buffer | null): RequestHead {
    const simple = visit.body === null && visit.upgrade === null && visit.path.length <= longestRemembered;
    const key = simple ? `${visit.method} ${visit.path}` : null;
    const known = key === null ? undefined : this.#known.get(key);
    const fields = this.#fieldsOf(visit.headers, whole);
    // A type without a body is a fact, too.
    if (known !== undefined && valueOf(fields, 'content-type') === '')
      return { method: visit.method, target: known.target, fields, action: known.action, isLongForm: false, problem: null };
    const head = readRequest(visit, this.#settings, this.#place, fields, body);
    if (key !== null && head.problem === null && valueOf(head.fields, 'content-type') === '') this.#remember(key, head);
    return head;
  }

  /** A client's next request mostly has the same fields, and then the listener hands in the same list. */
  #fieldsOf(headers: readonly Field[], whole: boolean): readonly Field[] {
    const last = this.#lastFields.get(headers);
    if (last?.whole === whole) return last.fields;
    const fields = withoutCredential(requestFields(headers, whole), this.#place.field);
    this.#lastFields.set(headers, { whole, fields });
    return fields;
  }

  #remember(key: string, { target, action }: RequestHead): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= rememberedRequests) this.#known.delete(oldest);
    this.#known.set(key, { target, action });
  }
}

/** Reads a request. `body` is that of one that is read before it is judged; null where it is longer than is read. */
function readRequest(visit: Visit, settings: Settings, place: CredentialPlace, fields: readonly Field[], body: Buffer | null): RequestHead {
  const { method } = visit;
  const found = canonicalTarget(visit.path, settings.target.encodedSlashes);
  if (typeof found === 'string' || method === 'TRACE') return refusedHead(visit, typeof found === 'string' ? found : trace);
  const target = targetWithout(found, place.parameter);
  const { openapi, url } = settings.target;
  const routeOf = (asked: string) =>
    openapi?.find(asked, target.path) ?? { template: foldIds(target.path), operationId: '', known: openapi === undefined };
  const contentType = valueOf(fields, 'content-type');
  const action = requestAction({
    method,
    target,
    route: routeOf(method),
    host: url.host,
    contentType: contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '',
    bodyBytes: visit.body === null ? 0 : (visit.body.length ?? -1),
    websocket: visit.upgrade !== null,
    overrides: overridesOf(visit, target, body, contentType).map((other) => ({ method: other, route: routeOf(other) })),
    graphql: settings.target.graphql.includes(target.path) ? graphQlOf(visit, target, body, contentType) : null,
  });
  const isLongForm = visit.body !== null && body === null && formKindOf(contentType) === 'multipart';
  return { method, target, fields, action, isLongForm, problem: null };
}

/** The other methods that its parameters name. */
function overridesOf(
  { method, headers, body: has }: Visit,
  { query }: CanonicalTarget,
  body: Buffer | null,
  contentType: string,
): readonly string[] {
  const kind = has === null ? null : formKindOf(contentType);
  // What is coded some target may decode.
  const inForm = kind !== null && headers.some(([name]) => name === 'content-encoding') ? ['UNKNOWN'] : overridesInForm(kind, body);
  return [...new Set([...overridesInQuery(query), ...inForm])].filter((other) => other !== method);
}

/** It would be answered with all that the target was sent, the gateway's credential included. */
const trace = 'TRACE, which has the target send back what it got';

function refusedHead({ method, path, headers }: Visit, problem: string): RequestHead {
  const action = { ...plainAction('http:other', 'unknown', `${method} ${path.slice(0, 2_000)}`), facts: noFacts };
  return { method, target: { path, query: null }, fields: headers, action, isLongForm: false, problem };
}

const noFacts = {
  method: '',
  path: '',
  route: '',
  operationId: '',
  query: [],
  host: '',
  contentType: '',
  bodyBytes: 0,
  graphqlType: '',
  graphqlName: '',
  graphqlFields: [],
};

function graphQlOf({ method, body: has }: Visit, { query }: CanonicalTarget, body: Buffer | null, contentType: string) {
  try {
    if (has === null) return method === 'GET' && query !== null && /(^|[&;])query=/.test(query) ? operationInQuery(query) : null;
    if (method !== 'POST') return `a body with ${method}`;
    return body === null ? 'a body that is too long' : operationsOf(body, contentType);
  } catch (fault) {
    if (fault instanceof NotGraphQl) return fault.message;
    return 'a body that cannot be read';
  }
}

function valueOf(fields: readonly Field[], name: string): string {
  return fields.find(([own]) => own === name)?.[1] ?? '';
}

/** As it stands in the record. */
export function requestFrame({ method, target, fields }: RequestHead, length: number | null): Buffer {
  const framing: Field[] = length === null ? [] : [['content-length', String(length)]];
  return headFrame(letter.request, `${method} ${pathOf(target)}`, [...fields, ...framing]);
}

function pathOf({ path, query }: CanonicalTarget): string {
  return query === null ? path : `${path}?${query}`;
}

/** What differs from one time to the next though the same is asked: tracing, and keys by which a target tells a repetition. */
const passing =
  /^(traceparent|tracestate|baggage|b3|x-b3-.*|x-request-id|x-correlation-id|request-id|idempotency-key|x-idempotency-key|date|priority)$/;

/** What an approval is bound to: all that matters to the target. */
export function boundBytes(head: RequestHead, body: Buffer): Buffer {
  const fields = head.fields.filter(([name]) => !passing.test(name));
  return Buffer.concat([requestFrame({ ...head, fields }, body.length), body]);
}
