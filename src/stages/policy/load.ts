import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { messageOf } from '../../core/errors.ts';
import { readAnnotations } from './annotations.ts';
import type { Policy, PolicyFile, PolicyProblem, PolicySet } from './policy.ts';
import type { PolicyCatalog } from './schema.ts';
import { scopeOf } from './scope.ts';
import { type PolicySource, splitPolicies } from './source.ts';
import { problemAt, problemOf, soundSchema, validatePolicies } from './validate.ts';
import { vocabularyOf } from './vocabulary.ts';

/**
 * Reads the `*.cedar` files of a folder, subfolders included (hidden ones not), and validates them. With null there are none, so
 * nothing is permitted. Returns every problem found. Throws `INTERNAL` where a protocol declares what is no Cedar schema.
 */
export async function loadPolicies(
  folder: string | null,
  { catalogs }: { readonly catalogs: readonly PolicyCatalog[] },
): Promise<PolicySet | PolicyProblem[]> {
  const schema = soundSchema(catalogs);
  const found = folder === null ? [] : await readFiles(folder);
  const problems = found.filter((file) => 'message' in file);
  const files = found.filter((file) => 'content' in file);
  const policies = new Map<string, Policy>();
  for (const policy of files.flatMap(readPolicies)) {
    const twin = 'id' in policy ? policies.get(policy.id) : undefined;
    if (!('id' in policy)) problems.push(policy);
    else if (twin) problems.push(duplicate(policy, twin));
    else policies.set(policy.id, policy);
  }
  problems.push(...validatePolicies(policies, catalogs, schema));
  if (problems.length > 0) return problems;
  return { version: versionOf(files), schema, vocabulary: vocabularyOf(catalogs), policies, files };
}

/** What the folder holds now, as the version of a set says it; null where it cannot be read. */
export async function versionIn(folder: string): Promise<string | null> {
  const found = await readFiles(folder);
  const files = found.filter((file) => 'content' in file);
  return files.length < found.length ? null : versionOf(files);
}

async function readFiles(folder: string): Promise<(PolicyFile | PolicyProblem)[]> {
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

function readPolicies(file: PolicyFile): (Policy | PolicyProblem)[] {
  const text = decode(file.content);
  if (text === null) return [{ file: file.path, line: 1, message: 'the file is not UTF-8 text', remedy: 'Save it as UTF-8.' }];
  return splitPolicies(file.path, text).map((source) => readPolicy(file.name, source));
}

function decode(content: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return null; // The only way it can fail is that these are not UTF-8 bytes.
  }
}

/** Reads one policy of the file `name`, without validating it. */
export function readPolicy(name: string, source: PolicySource): Policy | PolicyProblem {
  const answer = policyToJson(source.text);
  if (answer.type === 'failure') {
    const [error] = answer.errors;
    const remedy = "Correct the policy's syntax.";
    return error ? problemOf(source, error, remedy) : problemAt(source, 'the policy cannot be read', remedy);
  }
  const annotations = readAnnotations(answer.json);
  if ('message' in annotations) return problemAt(source, annotations.message, annotations.remedy);
  const id = annotations.id ?? `${name}:${source.line}`;
  return { ...source, ...annotations, id, effect: answer.json.effect, scope: scopeOf(answer.json) };
}

function duplicate(policy: Policy, twin: Policy): PolicyProblem {
  return problemAt(policy, `the id "${policy.id}" is taken by ${twin.file}:${twin.line}`, 'Give each policy an @id of its own.');
}

/** Names and contents are told apart by their lengths, so that no two sets read the same. */
function versionOf(files: readonly PolicyFile[]): string {
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${Buffer.byteLength(name)}:${name}${content.length}:`).update(content);
  return hash.digest('hex').slice(0, 12);
}
