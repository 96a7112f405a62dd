/** A bare node of the parser: its fields by name, as they come from JSON. A default is left out by the parser. */
export type Fields = { readonly [field: string]: unknown };

/** The kind and the fields of a wrapped node, `{ SelectStmt: { … } }`; null for anything else. */
export function unwrap(value: unknown): readonly [kind: string, fields: Fields] | null {
  if (!isFields(value)) return null;
  for (const kind in value) {
    const fields = value[kind];
    return isFields(fields) ? [kind, fields] : null;
  }
  return null;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a wrapped node of this kind; null for any other. */
export function asKind(value: unknown, kind: string): Fields | null {
  const node = unwrap(value);
  return node !== null && node[0] === kind ? node[1] : null;
}

/** The fields of a bare node; none where there is no node. */
export function fieldsIn(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A name in parts: a list of strings, of which `*` and subscripts are left out. */
export function partsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((part) => textOf(asKind(part, 'String')?.['sval']) ?? []);
}

/** The text of a string constant, or of a number or boolean as it was written; null where it is anything else. */
export function constantOf(value: unknown): string | null {
  const cast = asKind(value, 'TypeCast');
  if (cast !== null) return constantOf(cast['arg']);
  const node = unwrap(value);
  if (node === null) return null;
  const [kind, fields] = node;
  return kind === 'A_Const' ? literalOf(fields) : literalOf({ [fieldOfLiteral[kind] ?? '']: fields });
}

const fieldOfLiteral: { readonly [kind: string]: string } = { String: 'sval', Integer: 'ival', Boolean: 'boolval', Float: 'fval' };

/** Of a constant's four forms the one that is there; the parser leaves out what is empty, 0 or false. */
function literalOf({ sval, ival, boolval, fval }: Fields): string | null {
  if (isFields(sval)) return textOf(sval['sval']) ?? '';
  if (isFields(ival)) return typeof ival['ival'] === 'number' ? String(ival['ival']) : '0';
  if (isFields(boolval)) return boolval['boolval'] === true ? 'true' : 'false';
  return isFields(fval) ? textOf(fval['fval']) : null;
}
