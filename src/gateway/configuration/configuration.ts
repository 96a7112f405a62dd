import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { z } from 'zod';
import { messageOf } from '../../core/errors.ts';
import type { Protocol } from '../../core/protocol.ts';
import { assertIssuerTransport, type IdentitySettings } from '../../stages/identity/settings.ts';
import type { MaskingSettings } from '../../stages/masking/settings.ts';
import { loadPolicies, type PolicySet } from '../../stages/policy/index.ts';
import { type ApprovalConfiguration, checkApprovals } from './approvals.ts';
import { keptNames } from '../connections/kept.ts';
import { checkConnections, type ConnectionSettings } from './connections.ts';
import { type ConfigurationDocument, readDocument } from './document.ts';
import { check } from './issues.ts';
import { checkListeners, type Listeners } from './listeners.ts';
import { checkMasking, loadMaskingSchema, type MaskingSchema, namesIn } from './masking.ts';
import { nearest } from '../../wire/nearest.ts';
import { type ConfigurationProblem, type Place, placeOf, type Report } from './problem.ts';
import { sections } from './sections.ts';

/** A configuration that has been checked as a whole. */
export interface Configuration {
  readonly path: string;
  /** Absolute. */
  readonly state: string;
  readonly listen: Listeners;
  readonly identity: IdentitySettings;
  /** Console roles by the groups that have them. */
  readonly roles: { readonly admin: readonly string[]; readonly auditor: readonly string[]; readonly reviewer: readonly string[] };
  readonly connections: ReadonlyMap<string, ConnectionSettings>;
  /** In which line of the file each of them begins. */
  readonly connectionLines: ReadonlyMap<string, number>;
  /** The names of those that were made in the console, whether they can be used or not. */
  readonly keptConnections: ReadonlySet<string>;
  /** The connections that rules of masking name. */
  readonly maskedConnections: ReadonlySet<string>;
  /** Those that are given from outside of the state folder. */
  readonly keys: z.output<typeof sections.keys>;
  readonly approvals: ApprovalConfiguration;
  /** Null where nothing is masked. */
  readonly masking: MaskingSettings | null;
  readonly policies: PolicySet;
  /** Where they come from; it need not be there. */
  readonly policyFolder: string;
  /** The Cedar schema that policies are validated against. */
  readonly policySchema: string;
  /** Whether this is the quickstart's; nothing listens but on loopback. */
  readonly demonstration: boolean;
}

/**
 * Reads a configuration with its policies and secrets. Paths in it count from its own folder. Returns every mistake found, in the
 * order of the file, the policies' last. `policies` names another folder of policies than the configuration does.
 */
export async function loadConfiguration(
  path: string,
  protocols: ReadonlyMap<string, Protocol<unknown>>,
  { policies: otherFolder }: { readonly policies?: string } = {},
): Promise<Configuration | ConfigurationProblem[]> {
  const document = await openDocument(path);
  if (Array.isArray(document)) return document;
  const problems: ConfigurationProblem[] = [];
  const report: Report = (place, message, remedy) => problems.push({ file: path, ...document.locate(place), message, remedy });
  const masking = isMapping(document.value) ? document.value['masking'] : undefined;
  const maskingSchema = masking === undefined ? null : await loadMaskingSchema(masking);
  const draft = checkSections(document.value, { folder: dirname(path), protocols, maskingSchema, report });
  const given = otherFolder ?? draft?.policyFolder;
  const policyFolder = resolveBeside(dirname(path), given ?? 'policies');
  const policies = draft === null || given === null ? null : await readPolicies(policyFolder, given !== undefined, protocols, report);
  problems.sort((one, other) => one.line - other.line || (one.column ?? 0) - (other.column ?? 0));
  if (Array.isArray(policies)) problems.push(...policies);
  if (problems.length > 0 || draft?.checked == null || policies === null || Array.isArray(policies)) return problems;
  const lines = [...draft.checked.connections.keys()].map((name, index) => [name, document.locate(['connections', index]).line] as const);
  return { path, ...draft.checked, connectionLines: new Map(lines), policies, policyFolder, policySchema: policies.schema };
}

async function openDocument(path: string): Promise<ConfigurationDocument | ConfigurationProblem[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (fault) {
    const message = `the configuration cannot be read: ${messageOf(fault)}`;
    return [{ file: path, line: 1, message, remedy: 'Name a readable file with --config.' }];
  }
  return readDocument(path, text);
}

interface Surroundings {
  /** The folder from which paths count. */
  readonly folder: string;
  readonly protocols: ReadonlyMap<string, Protocol<unknown>>;
  /** Null where nothing is masked. */
  readonly maskingSchema: MaskingSchema | null;
  readonly report: Report;
}

interface Draft {
  readonly policyFolder: string | null | undefined;
  /** Null where any section has a mistake. */
  readonly checked: Omit<Configuration, 'path' | 'connectionLines' | 'policies' | 'policyFolder' | 'policySchema'> | null;
}

/** Checks section by section, so that a mistake in one does not hide those in another. Null where there are no sections at all. */
function checkSections(value: unknown, around: Surroundings): Draft | null {
  const { folder, protocols, report } = around;
  if (!isMapping(value)) {
    report([], 'the configuration is not a mapping', 'Write sections such as state, listen, identity and connections.');
    return null;
  }
  resolveFiles(value, folder);
  refuseUnknown(value, report);
  const state = check(sections.state, value['state'], ['state'], report);
  const listen = checkListeners(value, around);
  const identity = check(sections.identity, value['identity'], ['identity'], report);
  if (identity !== null) checkIssuers(identity, insecureLoopback(value), report);
  const roles = check(sections.roles, value['roles'], ['roles'], report);
  const connections = checkConnections(value['connections'], listen, protocols, report);
  const kept = state === null ? new Set<string>() : keptNames(resolve(folder, state));
  refuseKept(connections, kept, report);
  const names = connections && new Set([...connections.keys(), ...kept]);
  const masking = around.maskingSchema && checkMasking(around.maskingSchema, value['masking'], names, report);
  const maskedConnections = namesIn(masking);
  const keys = check(sections.keys, value['keys'], ['keys'], report);
  const approvals = checkApprovals(value['approvals'], listen, report);
  const policyFolder = check(sections.policies, value['policies'], ['policies'], report);
  const demonstration = check(sections.demonstration, value['demonstration'], ['demonstration'], report);
  checkStorage(value['storage'], state, around);
  const complete = state !== null && listen !== null && identity !== null && roles !== null && connections !== null;
  const named = { keptConnections: kept, maskedConnections };
  const checked =
    complete && approvals !== null && demonstration !== null && keys !== null
      ? { ...named, state: resolve(folder, state), listen, identity, roles, connections, keys, masking, approvals, demonstration }
      : null;
  return { policyFolder, checked };
}

function isMapping(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes each `{ file: PATH }` absolute: the secret's schema reads it and does not know the configuration's folder. */
function resolveFiles(value: unknown, folder: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const child of Object.values(value)) resolveFiles(child, folder);
  if (isMapping(value) && typeof value['file'] === 'string' && Object.keys(value).length === 1)
    value['file'] = resolve(folder, value['file']);
}

function refuseUnknown(value: { [key: string]: unknown }, report: Report): void {
  const known = ['listen', ...Object.keys(sections)];
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    report([key], `unknown key "${key}"`, meant === null ? `Known here: ${known.join(', ')}.` : `Did you mean "${meant}"?`);
  }
}

/** A name that was given in the console, too, would be of two connections. */
function refuseKept(connections: ReadonlyMap<string, ConnectionSettings> | null, kept: ReadonlySet<string>, report: Report): void {
  for (const [index, name] of [...(connections?.keys() ?? [])].entries())
    if (kept.has(name))
      report(
        ['connections', index, 'name'],
        `a connection named "${name}" was made in the console`,
        'Remove it there, or move its file out of the folder connections of the state folder.',
      );
}

function insecureLoopback(value: { [key: string]: unknown }): boolean {
  const listen = value['listen'];
  return isMapping(listen) && isMapping(listen['tls']) && listen['tls']['insecureLoopback'] === true;
}

function checkIssuers(identity: IdentitySettings, insecure: boolean, report: Report): void {
  for (const text of assertIssuerTransport(identity, insecure)) {
    const label = text.slice(0, text.indexOf(': '));
    report(placeOf(label), text, 'Write the https address of the issuer.');
  }
}

/** Only the embedded storage is there: what names another may not be taken for obeyed. */
function checkStorage(value: unknown, state: string | null, { folder, report }: Surroundings): void {
  const storage = check(sections.storage, value, ['storage'], report);
  if (storage === null || state === null) return;
  const elsewhere: [Place, string][] = [];
  if (storage.catalog !== 'sqlite') elsewhere.push([['storage', 'catalog'], 'Write sqlite, or remove it.']);
  const archive = join(resolve(folder, state), 'archive');
  if (storage.archive !== undefined && resolve(folder, storage.archive) !== archive)
    elsewhere.push([['storage', 'archive'], 'Remove it: the archive is the folder archive of the state folder.']);
  for (const [place, remedy] of elsewhere) report(place, `${place.join('.')} of this kind is not supported by this version`, remedy);
}

async function readPolicies(
  chosen: string,
  named: boolean,
  protocols: ReadonlyMap<string, Protocol<unknown>>,
  report: Report,
): Promise<PolicySet | ConfigurationProblem[] | null> {
  const exists = await stat(chosen).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!exists && named) {
    report(['policies'], `policies: there is no folder ${chosen}`, 'Create it and put *.cedar files into it, or name the right one.');
    return null;
  }
  return loadPolicies(exists ? chosen : null, { catalogs: [...protocols.values()] });
}

/** Relative where the configuration's own path is, so that problems name files as the reader does. */
function resolveBeside(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
