/** A token's claims, or its header: what its JSON says, of which nothing is sure but that it is an object. */
export type Claims = { readonly [name: string]: unknown };

export function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A claim by its exact name. Own properties alone: `constructor` is a name that a configuration may hold. */
export function claim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/**
 * A claim that names somebody or something: not empty, at most `limit` UTF-16 units, no control characters, no lone surrogate
 * (UTF-8 would write two different ones alike). Null where it is not such a name.
 */
export function nameIn(value: unknown, limit: number): string | null {
  if (typeof value !== 'string' || value === '' || value.length > limit) return null;
  return value.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(value) ? value : null;
}
