import { type GraphQlOperation, NotGraphQl, readOperation } from './graphql.ts';

const mostOperations = 50;

/** What a POST to a GraphQL endpoint runs (GraphQL over HTTP, section 5): one operation, or several in a list. Throws NotGraphQl. */
export function operationsOf(body: Buffer, contentType: string): readonly GraphQlOperation[] {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase();
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  if (mediaType === 'application/graphql') return [readOperation(text, null)];
  if (mediaType !== 'application/json' && mediaType !== 'application/graphql+json') throw new NotGraphQl('a body that is no JSON');
  const parsed: unknown = JSON.parse(text);
  const requests = Array.isArray(parsed) ? parsed : [parsed];
  if (requests.length === 0 || requests.length > mostOperations) throw new NotGraphQl(`no operation, or more than ${mostOperations}`);
  refuseTwins(text);
  return requests.map(operationOf);
}

/** What a GET asks for by its query's parameters. */
export function operationInQuery(query: string | null): readonly GraphQlOperation[] {
  const parameters = new URLSearchParams(query ?? '');
  const documents = parameters.getAll('query');
  const names = parameters.getAll('operationName');
  const [document] = documents;
  if (document === undefined || documents.length > 1 || names.length > 1) throw new NotGraphQl('not exactly one document');
  return [readOperation(document, names[0] ?? null)];
}

function operationOf(request: unknown): GraphQlOperation {
  if (typeof request !== 'object' || request === null) throw new NotGraphQl('a request that is no object');
  const { query, operationName } = request as { readonly query?: unknown; readonly operationName?: unknown };
  if (typeof query !== 'string') throw new NotGraphQl('no document, or one that only the target knows');
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw new NotGraphQl('an operation’s name that is no text');
  return readOperation(query, operationName === undefined || operationName === '' ? null : operationName);
}

const jsonSign = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
const telling = ['query', 'operationname'];

/**
 * Of two members with one name parsers take the first or the last, and some do not mind the case (MCP's Go SDK, CVE-2026-27896):
 * what was judged need not be what runs. The text is known to be JSON; only requests are looked at, not what is within them.
 */
function refuseTwins(text: string): void {
  const requestDepth = text.trimStart().startsWith('[') ? 2 : 1;
  let depth = 0;
  let names = new Set<string>();
  let atName = false;
  for (const [sign] of text.matchAll(jsonSign)) {
    if (sign === '{' || sign === '[') {
      depth += 1;
      if (depth === requestDepth) names = new Set();
      atName = depth === requestDepth && sign === '{';
    } else if (sign === '}' || sign === ']') depth -= 1;
    else if (sign === ',') atName = depth === requestDepth;
    else if (atName && sign !== ':') {
      note(names, JSON.parse(sign) as string);
      atName = false;
    }
  }
}

function note(names: Set<string>, name: string): void {
  const folded = name.toLowerCase();
  if (names.has(folded)) throw new NotGraphQl('two members of one name');
  if (telling.includes(folded) && name !== 'query' && name !== 'operationName') throw new NotGraphQl('a member in another spelling');
  names.add(folded);
}
