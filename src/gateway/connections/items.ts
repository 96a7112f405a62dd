import type { Json, JsonObject } from '../../core/json.ts';
import type { Protocol } from '../../core/protocol.ts';
import type { RecordingTerms } from '../../core/recorder.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { ConnectionSettings } from '../configuration/connections.ts';
import { connectionOf } from '../configuration/json-schema.ts';
import { connectionSchema } from '../configuration/sections.ts';
import { type KeptConnection, type Stamp, versionOf } from './kept.ts';
import { isObject } from './places.ts';
import type { ConnectionRegister } from './register.ts';
import { type Listening, remedyFor, type Serving, servingOf } from './serving.ts';

/** Where a connection comes from, and so where it is changed. */
type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'console'; readonly made: Stamp; readonly changed: Stamp };

/** A connection without anything secret in it. */
export interface ConnectionItem {
  readonly name: string;
  readonly protocol: string;
  readonly recording: RecordingTerms;
  readonly retentionDays: number;
  readonly target: JsonObject;
  readonly origin: Origin;
  /** What a change of it must name; null where the file has it. */
  readonly version: string | null;
  /** By which listener its clients come; null where it cannot be used. */
  readonly serving: Serving | null;
  /** Why nobody can use it; null where it can be used. */
  readonly fault: string | null;
  /** As it was written, where it was made in the console. */
  readonly written: JsonObject | null;
  /** The fields that hold a secret which was given in the console. */
  readonly secrets: readonly (Stamp & { readonly field: string })[];
}

/** All there are, those of the file first. */
export function connectionItems(
  register: Pick<ConnectionRegister, 'known' | 'current'>,
  { path, connections, connectionLines }: ItemSources,
  listening: Listening,
): ConnectionItem[] {
  const usable = (connection: ConnectionSettings) => ({ ...settingsOf(connection), serving: servingOf(connection.protocol, listening) });
  const ofFile = [...connections.values()].map((connection): ConnectionItem => {
    const line = connectionLines.get(connection.terms.name) ?? 1;
    return { ...usable(connection), origin: { kind: 'file', file: path, line }, version: null, fault: null, written: null, secrets: [] };
  });
  const made = [...register.known].map(([name, known]): ConnectionItem => {
    const version = versionOf(known);
    if (!('kept' in known)) return { ...unreadable(name, known.fault), version };
    const { kept, fault } = known;
    const current = register.current.get(name);
    const shown = current === undefined ? { ...unusable(kept), serving: null } : usable(current);
    return { ...shown, origin: { kind: 'console', made: kept.made, changed: kept.changed }, version, fault, ...writtenOf(kept) };
  });
  return [...ofFile, ...made.sort((one, other) => (one.name < other.name ? -1 : 1))];
}

type ItemSources = Pick<Configuration, 'path' | 'connections' | 'connectionLines'>;
type Shown = Pick<ConnectionItem, 'name' | 'protocol' | 'recording' | 'retentionDays' | 'target'>;

function settingsOf({ terms: { name, protocol, recording, retentionDays }, settings }: ConnectionSettings): Shown {
  return { name, protocol, recording, retentionDays, target: targetOf(settings) };
}

/** As much as can be told of what is not in order any more. */
function unusable({ name, connection }: KeptConnection): Shown {
  const { recording, retention } = usualTerms(name);
  const { target, protocol } = connection;
  const shown = { protocol: typeof protocol === 'string' ? protocol : '', target: isObject(target) ? target : {} };
  return { name, ...shown, recording, retentionDays: retention };
}

function unreadable(name: string, fault: string): Omit<ConnectionItem, 'version'> {
  const { recording, retention } = usualTerms(name);
  const never = { at: new Date(0).toISOString(), by: '' };
  const shown = { name, protocol: '', recording, retentionDays: retention, target: {} };
  return { ...shown, origin: { kind: 'console', made: never, changed: never }, serving: null, fault, written: null, secrets: [] };
}

function usualTerms(name: string) {
  return connectionSchema.parse({ name, protocol: '-', target: {} });
}

function writtenOf({ connection, secrets }: KeptConnection): Pick<ConnectionItem, 'written' | 'secrets'> {
  return { written: connection, secrets: Object.entries(secrets).map(([field, stamp]) => ({ field, ...stamp })) };
}

/** What a protocol has read besides, such as a description of the target's routes, is not what was configured. */
const longestTarget = 16 * 1024;

/** Secrets write themselves as `[secret]`; credentials are left out altogether. */
function targetOf(settings: unknown): JsonObject {
  if (typeof settings !== 'object' || settings === null || !('target' in settings)) return {};
  const text = JSON.stringify(settings.target);
  return text === undefined || text.length > longestTarget ? {} : (JSON.parse(text) as JsonObject);
}

/** What a form for a protocol's connections is made of. */
export interface ProtocolItem {
  readonly name: string;
  /** By which listener clients come; null where there is none, and then no connection can be made. */
  readonly serving: Serving | null;
  /** What to do where there is none. */
  readonly remedy: string | null;
  /** The JSON schema of a connection, its name included; `secret: true` and `file: true` mark what the console treats apart. */
  readonly schema: JsonObject;
}

export function protocolItems(
  protocols: ReadonlyMap<string, Protocol<unknown>>,
  { path }: Pick<Configuration, 'path'>,
  listening: Listening,
): ProtocolItem[] {
  return [...protocols.values()].map((protocol) => {
    const serving = servingOf(protocol, listening);
    const remedy = serving === null ? remedyFor(protocol, path) : null;
    return { name: protocol.name, serving, remedy, schema: titled(connectionOf(protocol)) };
  });
}

/** The same schema, in which every setting has a title for people: the one that it has, or its key spelt as words. */
function titled(schema: JsonObject): JsonObject {
  const inner = Object.entries(schema).map(([key, value]): [string, Json] => {
    if (key === 'properties' && isObject(value)) return [key, Object.fromEntries(Object.entries(value).map(titledSetting))];
    if (Array.isArray(value)) return [key, (value as readonly Json[]).map((each) => (isObject(each) ? titled(each) : each))];
    return [key, key === 'items' && isObject(value) ? titled(value) : value];
  });
  return Object.fromEntries(inner);
}

function titledSetting([key, setting]: readonly [string, Json]): [string, Json] {
  return [key, isObject(setting) ? { title: spelt(key), ...titled(setting) } : setting];
}

/** `targetSessionAttrs` as `Target session attrs`; names that are known in capitals stay so. */
function spelt(key: string): string {
  const words = key.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  const known = words.replaceAll(/\b(tls|url|id|pem|ca|lfs|oauth)\b/g, (word) => (word === 'oauth' ? 'OAuth' : word.toUpperCase()));
  return known.charAt(0).toUpperCase() + known.slice(1);
}
