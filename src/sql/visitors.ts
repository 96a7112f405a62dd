import {
  comparesWhere,
  isNatural,
  visitCall,
  visitColumn,
  visitIndirection,
  visitOnceFunction,
  visitOperator,
  visitSample,
  visitSort,
  visitSublink,
  visitType,
} from './calls.ts';
import { visitDelete, visitInsert, visitInto, visitLocking, visitMerge, visitRange, visitSelect, visitUpdate } from './queries.ts';
import { isConstant } from './grammar.ts';
import { onceFunctions } from './names.ts';
import type { Visitor } from './reader.ts';

const visitConstant: Visitor = (fields, _, reader) => {
  if (!isConstant(fields)) reader.misunderstood('A_Const');
};

/** The nodes of a query that do more than their parts. Every other kind is its parts, as the grammar lists them. */
export const visitors: ReadonlyMap<string, Visitor> = new Map<string, Visitor>([
  ['SelectStmt', visitSelect],
  ['InsertStmt', visitInsert],
  ['UpdateStmt', visitUpdate],
  ['DeleteStmt', visitDelete],
  ['MergeStmt', visitMerge],
  ['RangeVar', visitRange],
  ['IntoClause', visitInto],
  ['LockingClause', visitLocking],
  ['FuncCall', visitCall],
  ['TypeName', visitType],
  ['A_Expr', visitOperator],
  ['SubLink', visitSublink],
  ['JoinExpr', comparesWhere('JoinExpr', isNatural)],
  ['CaseExpr', comparesWhere('CaseExpr', ({ arg }) => arg !== undefined)],
  ['SortBy', visitSort],
  ['ColumnRef', visitColumn],
  ['A_Indirection', visitIndirection],
  ['RangeTableSample', visitSample],
  ['A_Const', visitConstant],
  ...onceFunctions.map((kind): [string, Visitor] => [kind, visitOnceFunction(kind)]),
]);
