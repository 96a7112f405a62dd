import type { Json, JsonObject } from '../../core/json.ts';

/** The keys that lead from a connection to one of its settings. */
export type FieldPath = readonly string[];

/** The settings that a connection's JSON schema marks so, in whichever branch of a choice they stand. */
export function marked(schema: Json | undefined, mark: 'secret' | 'file', path: FieldPath = []): readonly FieldPath[] {
  if (!isObject(schema)) return [];
  if (schema[mark] === true) return [path];
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((key) => (Array.isArray(schema[key]) ? (schema[key] as readonly Json[]) : []));
  const found = [
    ...properties.flatMap(([key, property]) => marked(property, mark, [...path, key])),
    ...branches.flatMap((branch) => marked(branch, mark, path)),
  ];
  return [...new Map(found.map((each) => [each.join('.'), each])).values()];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at a place; undefined where nothing does. */
export function valueAt(value: Json | undefined, path: FieldPath): Json | undefined {
  return path.reduce<Json | undefined>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);
}

/** The same with another value at a place, whose surroundings are there; without it where it is undefined. */
export function withValue<Value>(
  value: JsonObject,
  [key = '', ...rest]: FieldPath,
  at: Value | undefined,
): { [key: string]: Json | Value } {
  const inner = value[key];
  if (rest.length > 0) return isObject(inner) ? { ...value, [key]: withValue(inner, rest, at) as Json } : { ...value };
  const { [key]: _replaced, ...others } = value;
  return at === undefined ? others : { ...others, [key]: at };
}

/** Every setting in it by its place, lists as one. */
export function leavesOf(value: Json | undefined, path: FieldPath = []): ReadonlyMap<string, Json> {
  if (value === undefined) return new Map();
  if (!isObject(value)) return new Map([[path.join('.'), value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leavesOf(inner, [...path, key])]));
}

/** The places in it that have the form `{ env: NAME }` or `{ file: PATH }`. */
export function referencesIn(value: Json | undefined, path: FieldPath = []): readonly FieldPath[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap((inner, index) => referencesIn(inner, [...path, String(index)]));
  if (!isObject(value)) return [];
  const keys = Object.keys(value);
  if (keys.length === 1 && (keys[0] === 'env' || keys[0] === 'file')) return [path];
  return keys.flatMap((key) => referencesIn(value[key], [...path, key]));
}
