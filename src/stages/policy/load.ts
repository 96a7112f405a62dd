import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkParseSchema, type DetailedError, policyToJson, type ValidationError, validate } from '@cedar-policy/cedar-wasm/nodejs';
import { effects } from '../../core/action.ts';
import { ChaperoneError, messageOf } from '../../core/errors.ts';
import { unenforced, type Vocabulary } from './enforceable.ts';
import { describeSchema, type PolicyCatalog } from './schema.ts';
import { lineAt, type PolicySource, splitPolicies } from './source.ts';

/** A policy that has been read and validated. */
export interface Policy extends PolicySource {
  /** Its `@id`, or `<file>:<line>`. */
  readonly id: string;
  /** Its `@reason`: what an agent is told. */
  readonly reason: string | null;
}

/** All policies, as one version. */
export interface PolicySet {
  /** Changes with every change of a policy file: 12 hex digits. */
  readonly version: string;
  /** The Cedar schema they were validated against. */
  readonly schema: string;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** Why policies cannot be loaded. `line` counts from 1. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}

interface File {
  readonly name: string;
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Reads the `*.cedar` files of a folder, subfolders included (hidden ones not), and validates them. With null there are none, so
 * nothing is permitted. Returns every problem found. Throws `INTERNAL` where a protocol declares what is no Cedar schema.
 */
export async function loadPolicies(
  folder: string | null,
  { catalogs }: { readonly catalogs: readonly PolicyCatalog[] },
): Promise<PolicySet | PolicyProblem[]> {
  const schema = describeSchema(catalogs);
  const parsed = checkParseSchema(schema);
  if (parsed.type === 'failure')
    throw new ChaperoneError('INTERNAL', `a protocol's actions are no Cedar schema: ${parsed.errors[0]?.message ?? ''}`);
  const files = folder === null ? [] : await readFiles(folder);
  const problems = files.filter((file) => 'message' in file);
  const read = files.filter((file) => 'content' in file);
  const policies = new Map<string, Policy>();
  const vocabulary: Vocabulary = {
    actions: new Set([...effects, 'connect', 'unmask', ...catalogs.flatMap((catalog) => Object.keys(catalog.actions))]),
    objects: new Set(catalogs.flatMap((catalog) => catalog.objects)),
  };
  for (const file of read) {
    for (const policy of readPolicies(file, vocabulary)) {
      const twin = 'id' in policy ? policies.get(policy.id) : undefined;
      if (!('id' in policy)) problems.push(policy);
      else if (twin) problems.push(duplicate(policy, twin));
      else policies.set(policy.id, policy);
    }
  }
  problems.push(...validatePolicies(policies, schema));
  return problems.length > 0 ? problems : { version: versionOf(read), schema, policies };
}

async function readFiles(folder: string): Promise<(File | PolicyProblem)[]> {
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (fault) {
    return [unreadable(folder, fault)];
  }
  const chosen = names.filter((name) => name.endsWith('.cedar') && !/(^|[/\\])\./.test(name)).sort();
  return Promise.all(
    chosen.map(async (name) => {
      const path = join(folder, name);
      return readFile(path).then(
        (content) => ({ name, path, content }),
        (fault: unknown) => unreadable(path, fault),
      );
    }),
  );
}

function unreadable(file: string, fault: unknown): PolicyProblem {
  return { file, line: 1, message: messageOf(fault), remedy: 'Make it readable for the user that runs Chaperone.' };
}

function readPolicies(file: File, vocabulary: Vocabulary): (Policy | PolicyProblem)[] {
  const text = decode(file.content);
  if (text === null) return [{ file: file.path, line: 1, message: 'the file is not UTF-8 text', remedy: 'Save it as UTF-8.' }];
  return splitPolicies(file.path, text).map((source) => readPolicy(file.name, source, vocabulary));
}

function decode(content: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return null; // The only way it can fail is that these are not UTF-8 bytes.
  }
}

function readPolicy(name: string, source: PolicySource, vocabulary: Vocabulary): Policy | PolicyProblem {
  const answer = policyToJson(source.text);
  if (answer.type === 'failure') {
    const [error] = answer.errors;
    const remedy = "Correct the policy's syntax.";
    return error ? problemOf(source, error, remedy) : problemAt(source, 'the policy cannot be read', remedy);
  }
  const refused = unenforced(answer.json, vocabulary);
  if (refused) return problemAt(source, refused.message, refused.remedy);
  const annotations = new Map<string, string | null>(Object.entries(answer.json.annotations ?? {}));
  const id = annotations.has('id') ? annotations.get('id') : `${name}:${source.line}`;
  if (!id) return problemAt(source, '@id is empty', 'Write @id("a-short-name"), or leave it out.');
  return { ...source, id, reason: annotations.get('reason') ?? null };
}

function duplicate(policy: Policy, twin: Policy): PolicyProblem {
  return problemAt(policy, `the id "${policy.id}" is taken by ${twin.file}:${twin.line}`, 'Give each policy an @id of its own.');
}

function validatePolicies(policies: ReadonlyMap<string, Policy>, schema: string): PolicyProblem[] {
  const texts = Object.fromEntries([...policies].map(([id, { text }]) => [id, text]));
  const answer = validate({ schema, policies: { staticPolicies: texts } });
  if (answer.type === 'failure') throw new ChaperoneError('INTERNAL', `policies cannot be validated: ${answer.errors[0]?.message ?? ''}`);
  // Of the warnings only these say that a policy has no effect; others are matters of taste, such as letters of two scripts.
  const vain = answer.validationWarnings.filter(({ error }) => /impossible|unable to find an applicable action/.test(error.message));
  const faulty = new Set(answer.validationErrors.map(({ policyId }) => policyId));
  const findings = [...answer.validationErrors, ...vain.filter(({ policyId }) => !faulty.has(policyId))];
  return distinct(findings.flatMap((finding) => located(finding, policies)));
}

function located({ policyId, error }: ValidationError, policies: ReadonlyMap<string, Policy>): PolicyProblem[] {
  const policy = policies.get(policyId);
  const remedy = 'It can never apply: correct its scope or its conditions (`chaperone check --schema` prints what there is), or remove it.';
  return policy ? [problemOf(policy, error, remedy)] : [];
}

/** One problem a line: the validator repeats itself for each type that a resource can have, and follows one error with others. */
function distinct(problems: readonly PolicyProblem[]): PolicyProblem[] {
  return [...new Map(problems.toReversed().map((problem) => [`${problem.file}:${problem.line}`, problem])).values()].toReversed();
}

function problemOf(source: PolicySource, error: DetailedError, otherwise: string): PolicyProblem {
  const [place] = error.sourceLocations ?? [];
  const message = error.message.replace(/^for policy `.*?`, /, '').replace(/^failed to parse policy from string: /, '');
  const expected = place?.label ? `${place.label}.` : otherwise;
  const remedy = error.help ?? expected;
  return { file: source.file, line: place ? lineAt(source, place.start) : source.line, message, remedy: sentence(remedy) };
}

function problemAt({ file, line }: PolicySource, message: string, remedy: string): PolicyProblem {
  return { file, line, message, remedy };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Names and contents are told apart by their lengths, so that no two sets read the same. */
function versionOf(files: readonly File[]): string {
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${Buffer.byteLength(name)}:${name}${content.length}:`).update(content);
  return hash.digest('hex').slice(0, 12);
}
