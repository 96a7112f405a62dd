import { asKind, type Fields, isFields, listOf, partsOf, textOf, unwrap } from './tree.ts';

/**
 * Whether a condition can keep rows out: it looks at a column, and is not true by its form alone (`true`, `1 = 1`, `id = id`,
 * `id = 1 or true`). What is true by arithmetic (`id < 5 or id > 3`) is beyond it, as it is beyond anybody.
 */
export function restricts(condition: unknown): boolean {
  const node = unwrap(condition);
  if (node === null) return false;
  const [kind, fields] = node;
  if (kind === 'CurrentOfExpr') return true;
  if (kind === 'BoolExpr') return restrictsBy(textOf(fields['boolop']), fields);
  if (kind === 'A_Expr' && sameOnBothSides(fields)) return false;
  if (kind === 'NullTest' && fields['nulltesttype'] === 'IS_NOT_NULL') return false;
  return looksAtColumn(condition);
}

function restrictsBy(operator: string | null, fields: Fields): boolean {
  const conditions = listOf(fields['args']);
  if (operator === 'AND_EXPR') return conditions.some(restricts);
  if (operator === 'OR_EXPR') return conditions.every(restricts) && !complementary(conditions);
  const inner = asKind(conditions[0], 'NullTest');
  return inner === null ? conditions.some(looksAtColumn) : inner['nulltesttype'] === 'IS_NOT_NULL';
}

/** `a or not a`, `a is null or a is not null` in either order; the latter never comes here, for its second half restricts nothing. */
function complementary(conditions: readonly unknown[]): boolean {
  if (!conditions.some((condition) => asKind(condition, 'BoolExpr') !== null)) return false;
  const shapes = new Set(conditions.map(shapeOf));
  return conditions.some((condition) => {
    const negated = asKind(condition, 'BoolExpr');
    return negated?.['boolop'] === 'NOT_EXPR' && shapes.has(shapeOf(listOf(negated['args'])[0]));
  });
}

function sameOnBothSides({ lexpr, rexpr, name }: Fields): boolean {
  const operator = partsOf(name).at(-1);
  if (operator === '<>' || operator === '<' || operator === '>' || lexpr === undefined) return false;
  return unwrap(lexpr)?.[0] === unwrap(rexpr)?.[0] && shapeOf(lexpr) === shapeOf(rexpr);
}

/** A subquery's own columns say nothing of the rows at hand; what it is compared with does. */
function looksAtColumn(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(looksAtColumn);
  if (!isFields(value) || isFields(value['A_Const'])) return false;
  if (isFields(value['ColumnRef'])) return true;
  if (isFields(value['SubLink'])) return looksAtColumn(value['SubLink']['testexpr']) || reachesOut(value['SubLink']['subselect']);
  return Object.values(value).some(looksAtColumn);
}

/** Whether a subquery names a column by a table that is not its own: the sign of a correlated one. */
function reachesOut(subquery: unknown): boolean {
  const own = new Set<string>();
  const used = new Set<string>();
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    if (!isFields(value) || isFields(value['A_Const'])) return;
    const alias = isFields(value['alias']) ? textOf(value['alias']['aliasname']) : null;
    const relation = alias ?? textOf(value['relname']);
    if (relation !== null) own.add(relation);
    const column = isFields(value['ColumnRef']) ? partsOf(value['ColumnRef']['fields']) : [];
    if (column.length > 1) used.add(column.at(-2) ?? '');
    Object.values(value).forEach(collect);
  };
  collect(subquery);
  return [...used].some((name) => !own.has(name));
}

function shapeOf(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === 'location' ? undefined : inner));
}

/** Whether a LIMIT or FETCH bounds the rows; `limit all` and `limit null` do not. */
export function limits(count: unknown): boolean {
  const constant = asKind(count, 'A_Const');
  return (
    count !== undefined && constant?.['isnull'] !== true && (constant === null || numbersAndTexts.some((form) => isFields(constant[form])))
  );
}

const numbersAndTexts = ['ival', 'fval', 'sval', 'boolval'];
