import type { Json, JsonObject } from '../../core/json.ts';
import type { Protocol } from '../../core/protocol.ts';
import { Secret } from '../../core/secret.ts';
import { checkConnection, type ConnectionSettings } from '../configuration/connections.ts';
import { connectionOf } from '../configuration/json-schema.ts';
import type { Listeners } from '../configuration/listeners.ts';
import { labelOf } from '../configuration/problem.ts';
import { type FieldPath, isObject, marked, referencesIn, valueAt, withValue } from './places.ts';
import { canonical, type Secrets } from './seal.ts';

/** A mistake in what somebody wants to have kept; never a value of it. */
export interface DraftProblem {
  /** `target.port`; empty where it is of the whole. */
  readonly place: string;
  readonly message: string;
  readonly remedy: string;
}

/** A connection that is in order: what is kept in the open, what is sealed, and what both make. */
export interface Composed {
  readonly plain: JsonObject;
  readonly secrets: Secrets;
  /** The fields whose secret was given now, and not kept. */
  readonly given: readonly string[];
  readonly settings: ConnectionSettings;
}

/** What is there already, where something is to be kept of it. */
export interface Before {
  readonly plain: JsonObject;
  readonly secrets: Secrets;
}

export interface ComposeOptions {
  readonly protocols: ReadonlyMap<string, Protocol<unknown>>;
  readonly listen: Listeners;
  readonly folder: string;
}

const longestSecret = 16 * 1024;

/**
 * Checks what somebody wrote as the configuration's own connections are checked. A secret is text, or `{ keep: true }`. What names
 * something of the gateway's machine is refused: only who may write the configuration may have its files and environment read.
 */
export function compose(
  name: string,
  draft: JsonObject,
  before: Before | null,
  options: ComposeOptions,
): Composed | readonly DraftProblem[] {
  const { protocol: called } = draft;
  const protocol = typeof called === 'string' ? options.protocols.get(called) : undefined;
  const schema = protocol === undefined ? {} : connectionOf(protocol);
  const problems: DraftProblem[] = [];
  const { plain, secrets, given } = takeSecrets(draft, marked(schema, 'secret'), before, problems, protocol);
  for (const path of [...referencesIn(plain), ...marked(schema, 'file').filter((each) => valueAt(plain, each) !== undefined)])
    problems.push({
      place: path.join('.'),
      message: 'names something of the gateway’s machine, which only the configuration file may',
      remedy: 'Write it out here, or configure this connection in the file.',
    });
  if (problems.length > 0) return problems;
  const whole = [...secrets].reduce((value, [field, secret]) => withSecret(value, field.split('.'), secret), plain);
  const settings = checkConnection({ name, ...whole }, [], {
    protocols: options.protocols,
    listen: options.listen,
    report: (place, message, remedy) => problems.push({ place: labelOf(place), message: withoutPlace(message, labelOf(place)), remedy }),
  });
  if (problems.length > 0) return problems;
  if (settings === null) return [{ place: '', message: 'is no connection', remedy: 'Say a protocol, a target and credentials.' }];
  return { plain, secrets, given, settings: { ...settings, folder: options.folder } };
}

/** Takes the secrets out of what was written. */
function takeSecrets(
  draft: JsonObject,
  places: readonly FieldPath[],
  before: Before | null,
  problems: DraftProblem[],
  protocol: Protocol<unknown> | undefined,
) {
  const secrets = new Map<string, Secret>();
  const written = places.flatMap((path) => {
    const value = valueAt(draft, path);
    return value === undefined ? [] : [{ path, field: path.join('.'), value }];
  });
  const plain = written.reduce<JsonObject>((value, { path }) => withValue<Json>(value, path, undefined), draft);
  for (const { field, value } of written) {
    const secret = isKeep(value) ? keptSecret(field, before, plain, protocol) : givenSecret(value);
    if (secret instanceof Secret) secrets.set(field, secret);
    else problems.push({ place: field, ...secret });
  }
  return { plain, secrets, given: written.flatMap(({ field, value }) => (isKeep(value) ? [] : field)) };
}

function isKeep(value: Json): boolean {
  return isObject(value) && canonical(value) === '{"keep":true}';
}

function givenSecret(value: Json): Secret | Omit<DraftProblem, 'place'> {
  if (typeof value === 'string' && value !== '' && value.length <= longestSecret) return new Secret(value);
  const remedy = `Write it as text of at most ${longestSecret} characters, or { "keep": true } for the one that is kept.`;
  return { message: 'expected a secret', remedy };
}

function keptSecret(
  field: string,
  before: Before | null,
  plain: JsonObject,
  protocol: Protocol<unknown> | undefined,
): Secret | Omit<DraftProblem, 'place'> {
  const secret = before?.secrets.get(field);
  if (before === null || secret === undefined) return { message: 'has no secret that could be kept', remedy: 'Write the secret.' };
  // Whoever may change a connection must not learn its secrets by having them sent to a place of his own.
  if (leadsElsewhere(before.plain, plain, protocol))
    return { message: 'may not be kept where the connection leads elsewhere', remedy: 'Write the secret again.' };
  return secret;
}

/** What was kept, as somebody would write it who changes nothing. */
export function withKept(plain: JsonObject, fields: readonly string[]): JsonObject {
  return fields.reduce<JsonObject>((value, field) => withValue<Json>(value, field.split('.'), { keep: true }), plain);
}

/** Whether secrets would go to another place, or by another way. What a document says of the target is not where it is. */
export function leadsElsewhere(before: JsonObject, after: JsonObject, protocol: Protocol<unknown> | undefined): boolean {
  const documents = Object.keys(protocol?.documents ?? {}).map((place) => place.split('.'));
  const [old, now] = [before, after].map((value) =>
    documents.reduce<JsonObject>((rest, path) => withValue<Json>(rest, path, undefined), value),
  );
  return ['protocol', 'target', 'credentials'].some((key) => canonical(old?.[key]) !== canonical(now?.[key]));
}

/** The schema's own type for what is handed to it: JSON, and secrets that are some already. */
function withSecret(value: JsonObject, path: FieldPath, secret: Secret): JsonObject {
  return withValue<Secret>(value, path, secret) as JsonObject;
}

/** The checks of the configuration put the place before their words. */
function withoutPlace(message: string, place: string): string {
  return place !== '' && message.startsWith(`${place}: `) ? message.slice(place.length + 2) : message;
}
