/**
 * Every kind of node that PostgreSQL's raw grammar can build within a query or an expression, with each of its fields:
 * `name` carries nothing that acts, `name*` holds nodes, `name:Kind` holds one node of that kind without its wrapper.
 * What is missing here is not understood: a statement that holds it is unknown. Kinds that only PostgreSQL's analysis builds
 * (Var, Aggref, Query …) are left out on purpose; no text of a client makes them.
 */
const queries: { readonly [kind: string]: string } = {
  SelectStmt:
    'distinctClause* intoClause:IntoClause targetList* fromClause* whereClause* groupClause* groupDistinct havingClause* windowClause* valuesLists* ' +
    'sortClause* limitOffset* limitCount* limitOption lockingClause* withClause:WithClause op all larg:SelectStmt rarg:SelectStmt',
  InsertStmt:
    'relation:RangeVar cols* selectStmt* onConflictClause:OnConflictClause returningClause:ReturningClause withClause:WithClause override',
  UpdateStmt: 'relation:RangeVar targetList* whereClause* fromClause* returningClause:ReturningClause withClause:WithClause',
  DeleteStmt: 'relation:RangeVar usingClause* whereClause* returningClause:ReturningClause withClause:WithClause',
  MergeStmt: 'relation:RangeVar sourceRelation* joinCondition* mergeWhenClauses* returningClause:ReturningClause withClause:WithClause',
  MergeWhenClause: 'matchKind commandType override condition* targetList* values*',
  WithClause: 'ctes* recursive',
  CommonTableExpr:
    'ctename aliascolnames* ctematerialized ctequery* search_clause:CTESearchClause cycle_clause:CTECycleClause cterecursive cterefcount',
  CTESearchClause: 'search_col_list* search_breadth_first search_seq_column',
  CTECycleClause: 'cycle_col_list* cycle_mark_column cycle_mark_value* cycle_mark_default* cycle_path_column',
  OnConflictClause: 'action infer:InferClause targetList* whereClause*',
  InferClause: 'indexElems* whereClause* conname',
  IndexElem: 'name expr* indexcolname collation* opclass* opclassopts* ordering nulls_ordering',
  ReturningClause: 'options* exprs*',
  ReturningOption: 'option value',
  IntoClause: 'rel:RangeVar colNames* accessMethod options* onCommit tableSpaceName skipData',
  LockingClause: 'lockedRels* strength waitPolicy',
  RangeVar: 'catalogname schemaname relname inh relpersistence alias:Alias',
  RangeSubselect: 'lateral subquery* alias:Alias',
  RangeFunction: 'lateral ordinality is_rowsfrom functions* alias:Alias coldeflist*',
  RangeTableFunc: 'lateral docexpr* rowexpr* namespaces* columns* alias:Alias',
  RangeTableFuncCol: 'colname typeName:TypeName for_ordinality is_not_null colexpr* coldefexpr*',
  RangeTableSample: 'relation* method* args* repeatable*',
  JoinExpr: 'jointype isNatural larg* rarg* usingClause* join_using_alias:Alias quals* alias:Alias rtindex',
  Alias: 'aliasname colnames*',
  // A column list of a function in FROM; in a CREATE TABLE it stands within a statement that is not judged by its parts.
  ColumnDef: 'colname typeName:TypeName is_local is_not_null inhcount collClause:CollateClause',
};

const expressions: { readonly [kind: string]: string } = {
  ResTarget: 'name indirection* val*',
  MultiAssignRef: 'source* colno ncolumns',
  SetToDefault: 'typeId typeMod collation',
  SortBy: 'node* sortby_dir sortby_nulls useOp*',
  WindowDef: 'name refname partitionClause* orderClause* frameOptions startOffset* endOffset*',
  GroupingSet: 'kind content*',
  GroupingFunc: 'args* refs*',
  A_Const: 'ival:Integer fval:Float boolval:Boolean sval:String bsval:BitString isnull',
  Integer: 'ival',
  Float: 'fval',
  Boolean: 'boolval',
  String: 'sval',
  BitString: 'bsval',
  List: 'items*',
  A_Star: '',
  ColumnRef: 'fields*',
  ParamRef: 'number',
  A_Expr: 'kind name* lexpr* rexpr* rexpr_list_start rexpr_list_end',
  BoolExpr: 'boolop args*',
  TypeCast: 'arg* typeName:TypeName',
  TypeName: 'names* typeOid setof pct_type typmods* typemod arrayBounds*',
  CollateClause: 'arg* collname*',
  FuncCall: 'funcname* args* agg_order* agg_filter* over:WindowDef agg_within_group agg_star agg_distinct func_variadic funcformat',
  NamedArgExpr: 'arg* name argnumber',
  A_Indices: 'is_slice lidx* uidx*',
  A_Indirection: 'arg* indirection*',
  A_ArrayExpr: 'elements* list_start list_end',
  RowExpr: 'args* row_format colnames*',
  SubLink: 'subLinkType subLinkId testexpr* operName* subselect*',
  CaseExpr: 'arg* args* defresult*',
  CaseWhen: 'expr* result*',
  CoalesceExpr: 'args*',
  MinMaxExpr: 'op args*',
  NullTest: 'arg* nulltesttype argisrow',
  BooleanTest: 'arg* booltesttype',
  CurrentOfExpr: 'cursor_name cursor_param cvarno',
  MergeSupportFunc: 'msftype msfcollid',
  SQLValueFunction: 'op type typmod',
  XmlExpr: 'op name named_args* arg_names* args* xmloption indent type typmod',
  XmlSerialize: 'xmloption expr* typeName:TypeName indent',
  DefElem: 'defnamespace defname arg* defaction',
  JsonFormat: 'format_type encoding',
  JsonReturning: 'format:JsonFormat typid typmod',
  JsonOutput: 'typeName:TypeName returning:JsonReturning',
  JsonValueExpr: 'raw_expr* formatted_expr* format:JsonFormat',
  JsonArgument: 'val:JsonValueExpr name',
  JsonKeyValue: 'key* value:JsonValueExpr',
  JsonBehavior: 'btype expr* coerce',
  JsonIsPredicate: 'expr* format:JsonFormat item_type unique_keys',
  JsonFuncExpr:
    'op column_name context_item:JsonValueExpr pathspec* passing* output:JsonOutput on_empty:JsonBehavior on_error:JsonBehavior wrapper quotes',
  JsonTable: 'context_item:JsonValueExpr pathspec:JsonTablePathSpec passing* columns* on_error:JsonBehavior alias:Alias lateral',
  JsonTablePathSpec: 'string* name name_location',
  JsonTableColumn:
    'coltype name typeName:TypeName pathspec:JsonTablePathSpec format:JsonFormat wrapper quotes columns* on_empty:JsonBehavior on_error:JsonBehavior',
  JsonParseExpr: 'expr:JsonValueExpr output:JsonOutput unique_keys',
  JsonScalarExpr: 'expr* output:JsonOutput',
  JsonSerializeExpr: 'expr:JsonValueExpr output:JsonOutput',
  JsonObjectConstructor: 'exprs* output:JsonOutput absent_on_null unique',
  JsonArrayConstructor: 'exprs* output:JsonOutput absent_on_null',
  JsonArrayQueryConstructor: 'query* output:JsonOutput format:JsonFormat absent_on_null',
  JsonAggConstructor: 'output:JsonOutput agg_filter* agg_order* over:WindowDef',
  JsonObjectAgg: 'constructor:JsonAggConstructor arg:JsonKeyValue absent_on_null unique',
  JsonArrayAgg: 'constructor:JsonAggConstructor arg:JsonValueExpr absent_on_null',
};

/** What a field holds: nothing that acts, wrapped nodes, or one bare node of the named kind. */
export type FieldContent = 'plain' | 'nodes' | { readonly kind: string };

function fieldsOf(text: string): ReadonlyMap<string, FieldContent> {
  const fields = new Map<string, FieldContent>([['location', 'plain']]);
  for (const field of text.split(' ').filter((name) => name !== '')) {
    const [name = '', kind] = field.split(':');
    if (kind !== undefined) fields.set(name, { kind });
    else if (name.endsWith('*')) fields.set(name.slice(0, -1), 'nodes');
    else fields.set(name, 'plain');
  }
  return fields;
}

/** The fields of each kind of node that a query may hold. */
export const grammar: ReadonlyMap<string, ReadonlyMap<string, FieldContent>> = new Map(
  Object.entries({ ...queries, ...expressions }).map(([kind, fields]) => [kind, fieldsOf(fields)]),
);

const constant = grammar.get('A_Const') ?? new Map<string, FieldContent>();

/** Whether a constant is one that the grammar makes; its value acts in no way by itself, so it is not looked at. */
export function isConstant(fields: { readonly [field: string]: unknown }): boolean {
  for (const name in fields) {
    const content = constant.get(name);
    if (content === undefined || content === 'nodes') return false;
    if (content === 'plain') continue;
    const inner = fields[name];
    if (typeof inner !== 'object' || inner === null) return false;
    for (const field in inner) if (grammar.get(content.kind)?.has(field) !== true) return false;
  }
  return true;
}
