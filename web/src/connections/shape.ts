/** As much of a JSON schema as a form is made of. */
export interface Shape {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: Value;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  /** What is a secret: written, and never read. */
  readonly secret?: boolean;
  /** What names a file of the gateway's machine, which only the configuration may. */
  readonly file?: boolean;
  readonly multiline?: boolean;
  /** What is written as a document, whose file can be chosen. */
  readonly document?: boolean;
}

/** What a form holds; undefined where nothing is said. */
export type Value = string | number | boolean | null | readonly Value[] | Fields | undefined;
export interface Fields {
  readonly [key: string]: Value;
}

export function isFields(value: Value): value is Fields {
  return typeof value === 'object' && value !== null && !isList(value);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** What the console cannot write: a file's path, or a choice of nothing else. */
export function isWritable({ file, properties, required = [] }: Shape): boolean {
  if (file === true) return false;
  return !required.some((key) => properties?.[key]?.file === true);
}

/** The forms that a setting may have here. A null stands for nothing said, which every setting can be that has one. */
export function choicesOf({ anyOf = [] }: Shape): readonly Shape[] {
  return anyOf.filter((shape) => shape.type !== 'null' && isWritable(shape));
}

/** Which of the choices a value has; -1 where none. */
export function choiceOf(choices: readonly Shape[], value: Value): number {
  return choices.findIndex(({ const: only, properties, required = [] }) => {
    if (only !== undefined) return value === only;
    if (properties === undefined) return typeof value === 'string';
    return isFields(value) && required.every((key) => key in value);
  });
}

/** What a choice begins with: its own word, or its fields that are still empty. */
export function emptyChoice({ const: only, properties = {}, required = [] }: Shape): Value {
  if (only !== undefined) return only;
  return Object.fromEntries(required.map((key) => [key, properties[key]?.type === 'object' ? {} : '']));
}

/** How a choice is called: by its word, or by the settings that it has. */
export function nameOfChoice({ const: only, properties = {} }: Shape): string {
  return (
    only ??
    Object.entries(properties)
      .map(([key, { title }]) => title ?? key)
      .join(', ')
  );
}

/** What was written without what is empty: nothing said is not an empty text. */
export function compact(value: Value): Value {
  if (value === '') return undefined;
  if (isList(value)) return value.map(compact).filter((each) => each !== undefined);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const compacted = compact(inner);
    return compacted === undefined ? [] : [[key, compacted] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The fields in it that hold a kept secret are said to keep it. */
export function withKept(written: Fields, secrets: readonly { readonly field: string }[]): Fields {
  return secrets.reduce((value, { field }) => put(value, field.split('.'), { keep: true }), written);
}

function put(fields: Fields, [key = '', ...rest]: readonly string[], value: Value): Fields {
  const inner = fields[key];
  return { ...fields, [key]: rest.length === 0 ? value : put(isFields(inner) ? inner : {}, rest, value) };
}
