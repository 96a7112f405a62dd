import { z } from 'zod';
import { nearest } from '../../wire/nearest.ts';
import { labelOf, type Place, type Report } from './problem.ts';

/** Checks a value by a schema, reports each mistake under `place`, and returns what the schema makes of the value, or null. */
export function check<Output>(schema: z.ZodType<Output>, value: unknown, place: Place, report: Report): Output | null {
  const result = schema.safeParse(value, { error: (issue) => describe(issue, place) });
  if (result.success) return result.data;
  for (const issue of result.error.issues) reportIssue(issue, place, report);
  return null;
}

function reportIssue(issue: z.core.$ZodIssue, prefix: Place, report: Report): void {
  const place = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors);
    if (branch && issue.message === anyForm) return branch.forEach((inner) => reportIssue(inner, place, report));
  }
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const texts = keys.length > 0 ? issue.message.split('\n') : [issue.message];
  for (const [index, text] of texts.entries()) {
    const key = keys[index];
    const [message, remedy] = split(text);
    const label = labelOf(place);
    report(key === undefined ? place : [...place, key], label === '' ? message : `${label}: ${message}`, remedy);
  }
}

/** The branch of a union that was probably meant: the one whose mistakes lie deepest. */
function likeliest(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const depth = (branch: readonly z.core.$ZodIssue[]) => Math.max(0, ...branch.map(({ path }) => path.length));
  return branches.toSorted((one, other) => depth(other) - depth(one) || one.length - other.length)[0];
}

/** A schema's own message may carry its remedy after a semicolon. */
function split(text: string): readonly [message: string, remedy: string] {
  const at = text.indexOf('; ');
  const message = at < 0 ? text : text.slice(0, at);
  const remedy = at < 0 ? 'Correct it; the published JSON schema says what may stand here.' : text.slice(at + 2);
  return [message.charAt(0).toLowerCase() + message.slice(1), sentence(remedy)];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!)}]$/.test(text) ? '' : '.'}`;
}

const anyForm = 'matches none of the forms that may stand here';

/** The words for issues that a schema has no own words for, as `message; remedy`; for unknown keys, one line each. */
function describe(issue: z.core.$ZodRawIssue, prefix: Place): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, keysOf(issue.inst))).join('\n');
    case 'invalid_type':
      return issue.input === undefined ? missing(issue, prefix) : wrongType(issue.expected, issue.input);
    case 'invalid_value':
      return issue.input === undefined ? missing(issue, prefix) : wrongValue(issue.values, issue.input);
    case 'invalid_union':
      return issue.input === undefined ? missing(issue, prefix) : anyForm;
    case 'too_small':
      return issue.origin === 'string' && issue.input === '' ? 'is empty; write a value' : undefined;
    default:
      return undefined;
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  const list = known.length > 0 ? `known here: ${known.join(', ')}` : 'remove it';
  return `unknown key "${key}"; ${meant === null ? list : `did you mean "${meant}"?`}`;
}

function keysOf(inst: unknown): readonly string[] {
  return inst instanceof z.ZodObject ? Object.keys(inst.shape) : [];
}

function missing(issue: z.core.$ZodRawIssue, prefix: Place): string {
  const key = String([...prefix, ...(issue.path ?? [])].at(-1));
  const says = issue.inst instanceof z.ZodType ? z.globalRegistry.get(issue.inst)?.description : undefined;
  return `is missing; add ${key}${says ? `: ${says}` : ''}`;
}

const kinds: { readonly [type: string]: readonly [name: string, remedy: string] } = {
  string: ['text', 'write text, in quotes if it looks like a number or a date'],
  number: ['a number', 'write a number, without quotes'],
  int: ['a whole number', 'write a whole number, without quotes'],
  boolean: ['true or false', 'write true or false, without quotes'],
  object: ['a mapping', 'write `key: value` pairs, one a line and indented, or { key: value }'],
  record: ['a mapping', 'write `key: value` pairs, one a line and indented, or { key: value }'],
  array: ['a list', 'write a list: lines that begin with "- ", or [a, b]'],
};

function wrongType(expected: string, input: unknown): string {
  const [name, remedy] = kinds[expected] ?? [expected, `write ${expected}`];
  return `expected ${name}, found ${kindOf(input)}; ${remedy}`;
}

function kindOf(input: unknown): string {
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  return (kinds[typeof input] ?? [typeof input])[0];
}

function wrongValue(values: readonly unknown[], input: unknown): string {
  const known = values.map(String);
  const meant = typeof input === 'string' ? nearest(input, known) : null;
  const list = known.length === 1 ? `write ${known.join('')}` : `write one of ${known.join(', ')}`;
  return `expected ${known.join(' or ')}; ${meant === null ? list : `did you mean ${meant}?`}`;
}
