import type { Route } from './route.ts';

/** The routes of an OpenAPI 3 document: templates by their method. */
export interface OpenApi {
  /** The route of a path as the document has it; null where it has none for this method. */
  find(method: string, path: string): Route | null;
}

interface Operation {
  readonly template: string;
  readonly operationId: string;
  readonly segments: readonly SegmentPattern[];
  /** Literal segments before templated ones, as the specification's path templating says. */
  readonly literals: number;
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
const mostOperations = 20_000;

/** Reads a document that was parsed already. Throws a RangeError that says what is wrong with it. */
export function readOpenApi(document: unknown): OpenApi {
  if (!isMapping(document)) throw new RangeError('is no OpenAPI document');
  const { openapi, paths } = document;
  if (typeof openapi !== 'string' || !openapi.startsWith('3.')) throw new RangeError('is not of OpenAPI 3');
  if (!isMapping(paths)) throw new RangeError('has no paths');
  const byMethod = new Map<string, Operation[]>();
  let count = 0;
  for (const [template, item] of Object.entries(paths)) {
    if (!isMapping(item) || !template.startsWith('/')) continue;
    for (const method of methods) {
      const operation = item[method];
      if (!isMapping(operation)) continue;
      if ((count += 1) > mostOperations) throw new RangeError(`has more than ${mostOperations} operations`);
      const list = byMethod.get(method.toUpperCase()) ?? [];
      byMethod.set(method.toUpperCase(), list);
      list.push(operationOf(template, operation['operationId']));
    }
  }
  for (const list of byMethod.values()) list.sort((one, other) => other.literals - one.literals);
  return {
    find: (method, path) => {
      const asked = path.split('/');
      const found = byMethod.get(method)?.find(({ segments }) => matches(segments, asked));
      return found === undefined ? null : { template: found.template, operationId: found.operationId, known: true };
    },
  };
}

/** The literal texts of a segment before, between and behind its parameters; one alone is a segment without parameters. */
type SegmentPattern = readonly string[];

function operationOf(template: string, operationId: unknown): Operation {
  const segments = template.split('/').map((segment) => segment.split(/\{[^{}]*\}/));
  return {
    template,
    operationId: typeof operationId === 'string' ? operationId.slice(0, 200) : '',
    segments,
    literals: segments.filter((literals) => literals.length === 1).length,
  };
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
