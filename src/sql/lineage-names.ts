import { asKind, type Fields, fieldsIn, listOf, partsOf, textOf, unwrap } from './tree.ts';

/** A name that a column would take, and whether it is only a makeshift that a better one replaces. */
type Figured = readonly [name: string, makeshift: boolean] | null;

/** The name that PostgreSQL gives to a column without AS. */
export function figuredName(value: unknown): string | null {
  const node = unwrap(value);
  if (node === null) return null;
  const figured = figure(node[0], node[1]);
  return figured === undefined ? null : (figured?.[0] ?? '?column?');
}

const fixed: { readonly [kind: string]: string } = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

/** `undefined` where the name is not known here, null where there is none. */
function figure(kind: string, fields: Fields): Figured | undefined {
  const name = fixed[kind];
  if (name !== undefined) return [name, false];
  const rule = rules[kind];
  return rule === undefined ? (kind in nameless ? null : undefined) : rule(fields);
}

const nameless: { readonly [kind: string]: true } = {
  A_Const: true,
  ParamRef: true,
  BoolExpr: true,
  NullTest: true,
  BooleanTest: true,
  JsonIsPredicate: true,
};

const rules: { readonly [kind: string]: (fields: Fields) => Figured | undefined } = {
  ColumnRef: ({ fields }) => lastOf(fields),
  A_Indirection: ({ indirection, arg }) => lastOf(indirection) ?? inner(arg),
  FuncCall: ({ funcname }) => lastOf(funcname),
  A_Expr: ({ kind }) => (kind === 'AEXPR_NULLIF' ? ['nullif', false] : null),
  CollateClause: ({ arg }) => inner(arg),
  TypeCast: ({ arg, typeName }) => orMakeshift(inner(arg), partsOf(fieldsIn(typeName)['names']).at(-1)),
  CaseExpr: ({ defresult }) => orMakeshift(defresult === undefined ? null : inner(defresult), 'case'),
  MinMaxExpr: ({ op }) => [op === 'IS_LEAST' ? 'least' : 'greatest', false],
  SQLValueFunction: ({ op }) => [String(op).replace('SVFOP_', '').replace(/_N$/, '').toLowerCase(), false],
  SubLink: figureSublink,
  JsonFuncExpr: ({ op }) => [String(op).replace('_OP', '').toLowerCase(), false],
};

function figureSublink({ subLinkType, subselect }: Fields): Figured | undefined {
  if (subLinkType === 'EXISTS_SUBLINK') return ['exists', false];
  if (subLinkType === 'ARRAY_SUBLINK') return ['array', false];
  if (subLinkType !== 'EXPR_SUBLINK') return null;
  const target = asKind(listOf(asKind(subselect, 'SelectStmt')?.['targetList'])[0], 'ResTarget');
  const name = textOf(target?.['name']);
  return name === null ? (target === null ? undefined : inner(target['val'])) : [name, false];
}

function inner(value: unknown): Figured | undefined {
  const node = unwrap(value);
  return node === null ? undefined : figure(node[0], node[1]);
}

function lastOf(parts: unknown): Figured {
  const name = partsOf(parts).at(-1);
  return name === undefined ? null : [name, false];
}

function orMakeshift(figured: Figured | undefined, makeshift: string | undefined): Figured | undefined {
  if (figured === undefined) return undefined;
  return figured !== null && !figured[1] ? figured : makeshift === undefined ? null : [makeshift, true];
}
