import { checkParseSchema, type DetailedError, validate, type ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import { effects } from '../../core/action.ts';
import { ChaperoneError } from '../../core/errors.ts';
import type { Policy, PolicyProblem } from './policy.ts';
import { describeSchema, essentialCatalogs, type PolicyCatalog } from './schema.ts';
import { lineAt, type PolicySource } from './source.ts';

/** The schema of the catalogs. Throws `INTERNAL` where a protocol declares what is no Cedar schema. */
export function soundSchema(catalogs: readonly PolicyCatalog[]): string {
  const schema = describeSchema(catalogs);
  const parsed = checkParseSchema(schema);
  if (parsed.type === 'success') return schema;
  throw new ChaperoneError('INTERNAL', `a protocol's actions are no Cedar schema: ${parsed.errors[0]?.message ?? ''}`);
}

/** What is wrong with policies that can be read: what they name is not there, or they could never apply. */
export function validatePolicies(
  policies: ReadonlyMap<string, Policy>,
  catalogs: readonly PolicyCatalog[],
  schema: string,
): PolicyProblem[] {
  const texts = [...policies.values()].map(({ text }) => text);
  const doubtful = new Set(findingsOf(policies, describeSchema(essentialCatalogs(catalogs, texts))).map(({ policyId }) => policyId));
  if (doubtful.size === 0) return [];
  // The whole schema has the last word: it knows the names that were meant.
  const again = new Map([...policies].filter(([id]) => doubtful.has(id)));
  return distinct(findingsOf(again, schema).flatMap((finding) => located(finding, policies, catalogs)));
}

function findingsOf(policies: ReadonlyMap<string, Policy>, schema: string): ValidationError[] {
  const texts = Object.fromEntries([...policies].map(([id, { text }]) => [id, text]));
  const answer = validate({ schema, policies: { staticPolicies: texts } });
  if (answer.type === 'failure') throw new ChaperoneError('INTERNAL', `policies cannot be validated: ${answer.errors[0]?.message ?? ''}`);
  // Of the warnings only these say that a policy has no effect; others are matters of taste, such as letters of two scripts.
  const vain = answer.validationWarnings.filter(({ error }) => /impossible|unable to find an applicable action/.test(error.message));
  const faulty = new Set(answer.validationErrors.map(({ policyId }) => policyId));
  return [...answer.validationErrors, ...vain.filter(({ policyId }) => !faulty.has(policyId))];
}

function located(
  { policyId, error }: ValidationError,
  policies: ReadonlyMap<string, Policy>,
  catalogs: readonly PolicyCatalog[],
): PolicyProblem[] {
  const policy = policies.get(policyId);
  if (policy === undefined) return [];
  const otherwise = 'It can never apply: correct its scope or its conditions (`chaperone check` prints what there is), or remove it.';
  const remedy = unknownAction(error.message, catalogs) ?? lackingFact(error.message);
  return [problemOf(policy, remedy === null ? error : { ...error, help: remedy }, otherwise)];
}

/** Cedar guesses at any action; what helps is which ones there are. */
function unknownAction(message: string, catalogs: readonly PolicyCatalog[]): string | null {
  const [, name] = /unrecognized action `Action::"(.*?)"`/.exec(message) ?? [];
  if (name === undefined) return null;
  const declared = catalogs.flatMap(({ actions }) => Object.keys(actions));
  const kin = declared.filter((other) => other.split(':')[0] === name.split(':')[0]);
  return `Known here: ${(kin.length > 0 ? kin : ['connect', 'unmask', ...effects, ...declared]).join(', ')}.`;
}

/** Cedar guesses at another attribute; what helps is to leave out the actions that have none of this name. */
function lackingFact(message: string): string | null {
  const [, fact, action] = /attribute `(.*?)` in context for Action::"(.*?)" not found/.exec(message) ?? [];
  if (fact === undefined) return null;
  return `Action::"${action}" has no context.${fact}: name the actions that have it in the scope, or test \`context has ${fact}\` first.`;
}

/** One problem a line: the validator repeats itself for each type that a resource can have, and follows one error with others. */
function distinct(problems: readonly PolicyProblem[]): PolicyProblem[] {
  return [...new Map(problems.toReversed().map((problem) => [`${problem.file}:${problem.line}`, problem])).values()].toReversed();
}

/** What Cedar says of a policy, at its place in the file. */
export function problemOf(source: PolicySource, error: DetailedError, otherwise: string): PolicyProblem {
  const [place] = error.sourceLocations ?? [];
  const message = error.message.replace(/^for policy `.*?`, /, '').replace(/^failed to parse policy from string: /, '');
  const line = place ? lineAt(source, place.start) : source.line;
  const expected = place?.label ? `${place.label}.` : otherwise;
  return { file: source.file, line, message, remedy: sentence(error.help ?? expected) };
}

/** A mistake of a policy as a whole. */
export function problemAt({ file, line }: PolicySource, message: string, remedy: string): PolicyProblem {
  return { file, line, message, remedy };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
