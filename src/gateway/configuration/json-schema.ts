import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import type { Protocol } from '../../core/protocol.ts';
import type { MaskingSchema } from './masking.ts';
import { connectionSchema, listenSchema, sections } from './sections.ts';

/**
 * The JSON schema (draft 2020-12) of the configuration file, for editors and readers: a connection's `target` and `credentials`
 * are those of its protocol. What one field cannot say of another is left to the loader.
 */
export function configurationJsonSchema(protocols: ReadonlyMap<string, Protocol<unknown>>, masking: MaskingSchema): JsonObject {
  const { connections, ...others } = sections;
  const root = describeSchema(z.strictObject({ ...others, masking: masking.optional(), listen: listenSchema(protocols), connections }));
  const oneOf = [...protocols.values()].map(connectionOf);
  const properties = { ...objectAt(root, 'properties'), connections: { ...objectAt(root, 'properties', 'connections'), items: { oneOf } } };
  return { ...root, title: 'Chaperone configuration', properties };
}

/** The JSON schema of one connection of this protocol. */
export function connectionOf(protocol: Protocol<unknown>): JsonObject {
  const base = describeSchema(connectionSchema);
  const settings = describeSchema(protocol.settings);
  const properties = {
    ...objectAt(base, 'properties'),
    protocol: { ...objectAt(base, 'properties', 'protocol'), const: protocol.name },
    ...objectAt(settings, 'properties'),
  };
  const required = [...new Set([...listAt(base, 'required'), ...listAt(settings, 'required')])];
  return { title: protocol.name, type: 'object', properties, required, additionalProperties: false };
}

function describeSchema(schema: z.ZodType): JsonObject {
  // A schema is plain JSON; the library's type for it has optional fields that JSON's does not.
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: withoutTheUnwritten }) as JsonObject;
}

/** What only code can hand in, as a secret that is one already, has no form that could be written: `{}` would allow everything. */
function withoutTheUnwritten({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema['secret'] === true && jsonSchema.anyOf !== undefined)
    jsonSchema.anyOf = jsonSchema.anyOf.filter((branch) => Object.keys(branch).length > 0);
}

function objectAt(from: JsonObject, ...path: readonly string[]): JsonObject {
  let at = from;
  for (const key of path) {
    const next = at[key];
    at = typeof next === 'object' && next !== null && !Array.isArray(next) ? (next as JsonObject) : {};
  }
  return at;
}

function listAt(from: JsonObject, key: string): readonly string[] {
  const list = from[key];
  return Array.isArray(list) ? list.map(String) : [];
}
