import { posix } from 'node:path';
import {
  type Argument,
  type ArrowFunctionExpression,
  type EcmaScriptModule,
  type Expression,
  type Function as FunctionNode,
  type NewExpression,
  type Program,
  parseSync,
  type Span,
  type StringLiteral,
  Visitor,
} from 'oxc-parser';

/** One edge of the import graph, whatever its form: static, type-only, re-exported, dynamic, or a worker's URL. */
export interface Import {
  /** A path in the tree, or the specifier as written where it is not relative. */
  readonly target: string;
  readonly isType: boolean;
  /** The names taken from the target; `*` where it is all of them. */
  readonly names: readonly string[];
  readonly line: number;
}

/** Something found at a line of a module. */
export interface Found {
  readonly what: string;
  readonly line: number;
}

export interface FunctionSize extends Found {
  readonly lines: number;
}

/** What the rules need to know of a source file. */
export interface Module {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Every string literal, type literals and plain templates included. */
  readonly strings: readonly Found[];
  readonly comments: readonly Found[];
  /** Imports and worker URLs whose target only a run can tell. */
  readonly computed: readonly Found[];
  /** The types that `as` claims. */
  readonly assertions: readonly Found[];
  /** Functions with a block body, nested ones included. */
  readonly functions: readonly FunctionSize[];
  /** `any`, `enum`, `default export`. */
  readonly unwanted: readonly Found[];
}

/** Reads a TypeScript file; throws on what does not parse, so that no rule passes on nothing. */
export function readModule(path: string, text: string): Module {
  const result = parseSync(path, text);
  const problem = result.errors[0];
  if (problem !== undefined) throw new SyntaxError(`${path}: ${problem.message}`);
  const lineAt = lineFinder(text);
  const resolve = (specifier: string) => (specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier);
  const seen = visit(result.program, text, lineAt);
  return {
    ...seen,
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: [...declaredImports(result.module, lineAt), ...seen.imports].map((found) => ({ ...found, target: resolve(found.target) })),
    comments: result.comments.map(({ value, start }) => ({ what: value, line: lineAt(start) })),
  };
}

type FunctionLike = FunctionNode | ArrowFunctionExpression;
type LineAt = (offset: number) => number;

function declaredImports({ staticImports, staticExports }: EcmaScriptModule, lineAt: LineAt): Import[] {
  const imported = staticImports.map(({ moduleRequest, entries, start }) => ({
    target: moduleRequest.value,
    isType: entries.length > 0 && entries.every((entry) => entry.isType),
    names: entries.map(({ importName }) => importName.name ?? '*'),
    line: lineAt(start),
  }));
  const passedOn = staticExports
    .flatMap(({ entries }) => entries)
    .flatMap(({ importName, moduleRequest, isType, start }) =>
      moduleRequest === null ? [] : [{ target: moduleRequest.value, isType, names: [importName.name ?? '*'], line: lineAt(start) }],
    );
  return [...imported, ...passedOn];
}

function visit(program: Program, text: string, lineAt: LineAt) {
  const imports: Import[] = [];
  const strings: Found[] = [];
  const computed: Found[] = [];
  const assertions: Found[] = [];
  const unwanted: Found[] = [];
  const functions: FunctionSize[] = [];
  const note = (list: Found[], what: string, { start }: Span) => void list.push({ what, line: lineAt(start) });
  const textOf = ({ start, end }: Span) => text.slice(start, end);
  const reach = (target: Expression | Argument | StringLiteral, isType: boolean) => {
    if (target.type !== 'Literal' || typeof target.value !== 'string') note(computed, 'import of a computed path', target);
    else imports.push({ target: target.value, isType, names: ['*'], line: lineAt(target.start) });
  };
  const measure = ({ id, start, end, body }: FunctionLike) => {
    if (body?.type !== 'BlockStatement') return;
    functions.push({ what: id?.name ?? 'a function', line: lineAt(start), lines: lineAt(end) - lineAt(start) + 1 });
  };
  new Visitor({
    ImportExpression: ({ source }) => reach(source, false),
    TSImportType: ({ source }) => reach(source, true),
    NewExpression: (node) => {
      const target = moduleUrl(node, textOf);
      if (target !== null) reach(target, false);
    },
    Literal: (node) => void (typeof node.value === 'string' && note(strings, node.value, node)),
    TemplateElement: (node) => note(strings, node.value.cooked ?? node.value.raw, node),
    TSAsExpression: ({ typeAnnotation }) => note(assertions, textOf(typeAnnotation), typeAnnotation),
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
    TSAnyKeyword: (node) => note(unwanted, 'any', node),
    TSEnumDeclaration: (node) => note(unwanted, 'enum', node),
    ExportDefaultDeclaration: (node) => note(unwanted, 'default export', node),
    ExportSpecifier: (node) => void (textOf(node.exported) === 'default' && note(unwanted, 'default export', node)),
  }).visit(program);
  return { imports, strings, computed, assertions, functions, unwanted };
}

/** The first argument of `new URL(…, import.meta.url)` where it names, or may name, a module: how a worker is started. */
function moduleUrl({ callee, arguments: [target, base] }: NewExpression, textOf: (node: Span) => string): Argument | null {
  if (callee.type !== 'Identifier' || callee.name !== 'URL' || target === undefined || base === undefined) return null;
  if (!textOf(base).startsWith('import.meta')) return null;
  return target.type === 'Literal' && !String(target.value).endsWith('.ts') ? null : target;
}

/** From an offset in the text to its line, counted from 1. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) starts.push(index + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
