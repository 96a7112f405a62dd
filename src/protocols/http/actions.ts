import { type Action, type ActionCatalog, type Demand, type Effect, effects, type FactCatalog } from '../../core/action.ts';
import type { GraphQlOperation, OperationType } from './graphql.ts';
import type { CanonicalTarget } from './path.ts';
import { queryNames } from './path.ts';
import { commandIn } from './terminal-handshake.ts';
import type { Route } from './route.ts';

/** What a method does to its target by its definition (RFC 9110 section 9.2.1). What a target makes of it is the target's affair. */
const methods = {
  GET: ['read', 'Asks for what is there.'],
  HEAD: ['read', 'Asks what a GET would answer, without its body.'],
  OPTIONS: ['read', 'Asks what the target takes.'],
  POST: ['write', 'Has the target work on a body: often it makes something.'],
  PUT: ['write', 'Puts something in the place of what is there.'],
  PATCH: ['write', 'Changes a part of what is there.'],
  DELETE: ['write', 'Removes what is there.'],
} as const satisfies { readonly [method: string]: readonly [effect: Effect, says: string] };

const others = {
  'http:other': ['unknown', 'A method that is none of these.'],
  'http:websocket': ['unknown', 'Opens a WebSocket, on which anything can be said.'],
  'http:graphql-query': ['read', 'Asks for a field of a GraphQL query.'],
  'http:graphql-mutation': ['write', 'Runs a field of a GraphQL mutation.'],
  'http:graphql-subscription': ['read', 'Listens to a field of a GraphQL subscription.'],
  'http:graphql-unknown': ['unknown', 'Something sent to a GraphQL endpoint that is not understood.'],
} as const satisfies { readonly [action: string]: readonly [effect: Effect, says: string] };

/** The action of a method where the connection's OpenAPI document has no such route: then nothing is known of what it does. */
function unknownRoute(method: string): string {
  return `http:${method}-unknown`;
}

/** What this protocol can ask. */
export const actions: ActionCatalog = Object.fromEntries([
  ...Object.entries(methods).flatMap(([method, [effect, says]]) => [
    [`http:${method}`, { effect, says }],
    [unknownRoute(method), { effect: 'unknown', says: `${method} of a route that the OpenAPI document does not have.` }],
  ]),
  ...Object.entries(others).map(([action, [effect, says]]) => [action, { effect, says }]),
]);

/** A Route is a path's template; a Field is `Query.name`, `Mutation.name` or `Subscription.name`. */
export const objects = ['Route', 'Field'] as const;

/** What policies may test of a request. */
export const facts = {
  method: { kind: 'text', says: 'Its method.' },
  path: { kind: 'text', says: 'Its path, as it is sent, without the query.' },
  route: { kind: 'text', says: 'The template of its path.' },
  operationId: { kind: 'text', says: 'The operation of the OpenAPI document; empty where there is none.' },
  query: { kind: 'texts', says: 'The names of the parameters in its query.' },
  host: { kind: 'text', says: 'The host that the connection leads to.' },
  contentType: { kind: 'text', says: 'The media type of its body, without parameters; empty where it has none.' },
  bodyBytes: { kind: 'number', says: 'How long its body is; -1 where that is not known before its end.' },
  graphqlType: { kind: 'text', says: 'query, mutation or subscription; empty for what is no GraphQL.' },
  graphqlName: { kind: 'text', says: 'The name of the GraphQL operation; empty for one without.' },
  graphqlFields: { kind: 'texts', says: 'The top-level fields of the GraphQL operations.' },
} as const satisfies FactCatalog;

/** What of a request decides what it asks. */
export interface Asked {
  readonly method: string;
  readonly target: CanonicalTarget;
  readonly route: Route;
  readonly host: string;
  readonly contentType: string;
  readonly bodyBytes: number;
  readonly websocket: boolean;
  /** What else it is, for a target that takes a parameter for its method. */
  readonly overrides: readonly Pick<Asked, 'method' | 'route'>[];
  /** Null for what goes to no GraphQL endpoint, or asks it for a page; a text says why it could not be understood. */
  readonly graphql: readonly GraphQlOperation[] | string | null;
}

export function requestAction(asked: Asked): Action {
  const { method, target, route, graphql } = asked;
  const path = target.query === null ? target.path : `${target.path}?${target.query}`;
  const command = asked.websocket ? commandIn(path) : null;
  const demands = demandsOf(asked);
  const worst = demands.reduce((one, other) => (effects.indexOf(other.effect) > effects.indexOf(one.effect) ? other : one));
  const touched = new Map(demands.flatMap(({ object }) => (object === null ? [] : [[`${object.type} ${object.name}`, object]])));
  const operations = typeof graphql === 'string' || graphql === null ? [] : graphql;
  return {
    name: worst.action,
    effect: worst.effect,
    demands,
    objects: [...touched.values()],
    text: [`${method} ${path}`, ...(command === null ? [] : [`$ ${command}`]), ...operations.map(titleOf)].join(' '),
    facts: {
      method,
      path: target.path,
      route: route.template,
      operationId: route.operationId,
      query: queryNames(target.query),
      host: asked.host,
      contentType: asked.contentType,
      bodyBytes: asked.bodyBytes,
      graphqlType: worstType(operations),
      graphqlName: operations[0]?.name ?? '',
      graphqlFields: [...new Set(operations.flatMap(({ fields }) => fields))],
    } satisfies { readonly [name in keyof typeof facts]: unknown },
  };
}

/** What it asks by its own method, and what by those that its parameters name: all must be permitted. */
function demandsOf(asked: Asked): readonly [Demand, ...Demand[]] {
  const [first, ...more] = ownDemands(asked);
  return [first, ...more, ...asked.overrides.map(methodDemand)];
}

function methodDemand({ method, route }: Pick<Asked, 'method' | 'route'>): Demand {
  const object = { type: 'Route', name: route.template };
  if (!Object.hasOwn(methods, method)) return declared('http:other', object);
  return declared(route.known ? `http:${method}` : unknownRoute(method), object);
}

/** Upgrades and GraphQL are what they are whatever their method; all else is its method on its route. */
function ownDemands({ method, route, websocket, graphql }: Asked): readonly [Demand, ...Demand[]] {
  const object = { type: 'Route', name: route.template };
  if (websocket) return [declared('http:websocket', object)];
  if (typeof graphql === 'string') return [declared('http:graphql-unknown', object)];
  if (graphql !== null) {
    const [first, ...more] = [...new Set(graphql.map(({ type }) => `http:graphql-${type}`))].map((action) => declared(action, object));
    const fields = graphql.flatMap(({ type, fields: names }) =>
      names.map((name) => declared(`http:graphql-${type}`, { type: 'Field', name: `${rootTypes[type]}.${name}` })),
    );
    if (first !== undefined) return [first, ...more, ...fields];
  }
  return [methodDemand({ method, route })];
}

const rootTypes = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const satisfies {
  [type in OperationType]: string;
};

function declared(action: string, object: Demand['object']): Demand {
  return { action, effect: actions[action]?.effect ?? 'unknown', object };
}

function worstType(operations: readonly GraphQlOperation[]): string {
  const types = operations.map(({ type }) => type);
  return types.find((type) => type === 'mutation') ?? types[0] ?? '';
}

function titleOf({ type, name, fields }: GraphQlOperation): string {
  return `${type}${name === '' ? '' : ` ${name}`} { ${fields.join(' ')} }`;
}
