import { isFields, unwrap } from './tree.ts';

/**
 * Leaves out of a tree what repeats a constant: of the rows of a long `values`, and of a long `in` list, those after the first
 * that are constants alone. They do and show nothing that the first does not, and are what makes long texts long. Lists of
 * a few stay as they are: positions of a call's arguments and of a row's columns matter.
 */
export function thin(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > many ? thinList(value) : value.map(thin);
  if (!isFields(value)) return value;
  const fields: { [field: string]: unknown } = {};
  for (const name in value) fields[name] = thin(value[name]);
  return fields;
}

/** More than a row of a table or the arguments of a function can have: 1,664 columns, 100 arguments. */
const many = 1_700;

function thinList(items: readonly unknown[]): readonly unknown[] {
  let constants = 0;
  return items.filter((item) => !isConstant(item) || ++constants === 1).map(thin);
}

function isConstant(item: unknown): boolean {
  const node = unwrap(item);
  if (node === null) return false;
  const [kind, fields] = node;
  if (kind === 'List') return Array.isArray(fields['items']) && fields['items'].every(isConstant);
  return kind === 'A_Const' || kind === 'ParamRef' || kind === 'SetToDefault';
}
