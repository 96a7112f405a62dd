import type { Route } from './route.ts';

/** The routes of an OpenAPI 3 document: templates by their method. */
export interface OpenApi {
  /** The route of a path as the document has it; null where it has none for this method. */
  find(method: string, path: string): Route | null;
  /** What is shown of it: how many operations there are. */
  toJSON(): { readonly operations: number };
}

/** One operation of a document. */
export interface Described {
  /** In capitals. */
  readonly method: string;
  readonly template: string;
  /** Empty where it has none. */
  readonly operationId: string;
}

interface Operation extends Described {
  readonly segments: readonly SegmentPattern[];
  /** Literal segments before templated ones, as the specification's path templating says. */
  readonly literals: number;
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
const mostOperations = 20_000;

/** Reads a document that was parsed already. Throws a RangeError that says what is wrong with it. */
export function readOpenApi(document: unknown): OpenApi {
  return openApiOf(operationsOf(document));
}

/** The operations of a document that was parsed already. Throws a RangeError that says what is wrong with it, and where. */
export function operationsOf(document: unknown): readonly Described[] {
  if (!isMapping(document)) throw new RangeError('is no OpenAPI document');
  const { openapi, paths } = document;
  if (typeof openapi !== 'string' || !openapi.startsWith('3.')) throw new RangeError('is not of OpenAPI 3: openapi says no version of it');
  if (!isMapping(paths)) throw new RangeError('has no paths');
  const all: Described[] = [];
  for (const [template, item] of Object.entries(paths)) {
    if (!template.startsWith('/')) continue;
    if (!isMapping(item)) throw new RangeError(`has no path item at paths.${template}`);
    for (const method of methods) {
      const operation = item[method];
      if (operation === undefined) continue;
      if (!isMapping(operation)) throw new RangeError(`has no operation at paths.${template}.${method}`);
      const { operationId } = operation;
      all.push({ method: method.toUpperCase(), template, operationId: typeof operationId === 'string' ? operationId.slice(0, 200) : '' });
      if (all.length > mostOperations) throw new RangeError(`has more than ${mostOperations} operations`);
    }
  }
  return all;
}

export function openApiOf(described: readonly Described[]): OpenApi {
  const byMethod = Map.groupBy(described.map(operationOf), ({ method }) => method);
  for (const list of byMethod.values()) list.sort((one, other) => other.literals - one.literals);
  return {
    find: (method, path) => {
      const asked = path.split('/');
      const found = byMethod.get(method)?.find(({ segments }) => matches(segments, asked));
      return found === undefined ? null : { template: found.template, operationId: found.operationId, known: true };
    },
    toJSON: () => ({ operations: described.length }),
  };
}

/** The literal texts of a segment before, between and behind its parameters; one alone is a segment without parameters. */
type SegmentPattern = readonly string[];

function operationOf(described: Described): Operation {
  const segments = described.template.split('/').map((segment) => segment.split(/\{[^{}]*\}/));
  return { ...described, segments, literals: segments.filter((literals) => literals.length === 1).length };
}

/** Segment by segment: a parameter never has a slash in it (OpenAPI 3.1, path templating). Linear in the path, whatever the template. */
function matches(patterns: readonly SegmentPattern[], segments: readonly string[]): boolean {
  return patterns.length === segments.length && patterns.every((literals, index) => fits(literals, segments[index] ?? ''));
}

function fits(literals: SegmentPattern, segment: string): boolean {
  const [first = '', ...others] = literals;
  const last = others.pop();
  if (last === undefined) return segment === first;
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
  const end = segment.length - last.length;
  let at = first.length;
  for (const literal of others) {
    // Each parameter is one character at least.
    const found = segment.indexOf(literal, at + 1);
    if (found === -1) return false;
    at = found + literal.length;
  }
  return at < end;
}

function isMapping(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
