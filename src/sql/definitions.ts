import type { DeedEffect, Verb } from './deeds.ts';
import { qualified, shownName } from './names.ts';
import { createTable } from './queries.ts';
import { outermost, type Reader } from './reader.ts';
import { asKind, type Fields, fieldsIn, isFields, listOf, partsOf, textOf } from './tree.ts';

/** What is dealt with for each kind of statement that defines something: kind, verb, effect, type of object, field with its name. */
const table = `
CreateStmt create schema Table relation
CreateForeignTableStmt create schema Table base
ViewStmt create schema Table view
IndexStmt create schema Table relation
CreateSeqStmt create schema Table sequence
AlterSeqStmt alter schema Table sequence
AlterTableStmt alter schema Table relation
CreateStatsStmt create schema Statistics defnames
AlterStatsStmt alter schema Statistics defnames
CreateTrigStmt create schema Table relation
RuleStmt create schema Table relation
CreateSchemaStmt create schema Schema schemaname
CreateFunctionStmt create schema Function funcname
AlterFunctionStmt alter schema Function func
CompositeTypeStmt create schema Type typevar
CreateEnumStmt create schema Type typeName
AlterEnumStmt alter schema Type typeName
CreateRangeStmt create schema Type typeName
AlterTypeStmt alter schema Type typeName
CreateDomainStmt create schema Type domainname
AlterDomainStmt alter schema Type typeName
DefineStmt create schema - defnames
CreateOpClassStmt create schema OperatorClass opclassname
CreateOpFamilyStmt create schema OperatorFamily opfamilyname
AlterOpFamilyStmt alter schema OperatorFamily opfamilyname
AlterOperatorStmt alter schema Operator opername
AlterCollationStmt alter schema Collation collname
CreateConversionStmt create schema Conversion conversion_name
CreateCastStmt create schema Type targettype
AlterTSDictionaryStmt alter schema TextSearch dictname
AlterTSConfigurationStmt alter schema TextSearch cfgname
DropStmt drop schema - objects
CommentStmt comment schema - object
RenameStmt alter schema - object
AlterObjectSchemaStmt alter schema - object
AlterObjectDependsStmt alter schema - object
SecLabelStmt alter admin - object
AlterOwnerStmt alter admin - object
CreatePolicyStmt create admin Table table
AlterPolicyStmt alter admin Table table
CreateTransformStmt create admin Type type_name
CreateAmStmt create admin AccessMethod amname
CreateExtensionStmt create admin Extension extname
AlterExtensionStmt alter admin Extension extname
AlterExtensionContentsStmt alter admin Extension extname
CreatePLangStmt create admin Language plname
CreateEventTrigStmt create admin EventTrigger trigname
AlterEventTrigStmt alter admin EventTrigger trigname
CreateFdwStmt create admin ForeignDataWrapper fdwname
AlterFdwStmt alter admin ForeignDataWrapper fdwname
CreateForeignServerStmt create admin Server servername
AlterForeignServerStmt alter admin Server servername
ImportForeignSchemaStmt create admin Server server_name
CreateUserMappingStmt create admin Server servername
AlterUserMappingStmt alter admin Server servername
DropUserMappingStmt drop admin Server servername
CreatePublicationStmt create admin Publication pubname
AlterPublicationStmt alter admin Publication pubname
CreateSubscriptionStmt create admin Subscription subname
AlterSubscriptionStmt alter admin Subscription subname
DropSubscriptionStmt drop admin Subscription subname
CreateRoleStmt create admin Role role
AlterRoleStmt alter admin Role role
AlterRoleSetStmt alter admin Role role
DropRoleStmt drop admin Role roles
GrantRoleStmt grant admin Role granted_roles
GrantStmt grant admin - objects
AlterDefaultPrivilegesStmt grant admin Role -
DropOwnedStmt drop admin Role roles
ReassignOwnedStmt alter admin Role roles
CreatedbStmt create admin Database dbname
AlterDatabaseStmt alter admin Database dbname
AlterDatabaseSetStmt alter admin Database dbname
AlterDatabaseRefreshCollStmt alter admin Database dbname
DropdbStmt drop admin Database dbname
CreateTableSpaceStmt create admin Tablespace tablespacename
AlterTableSpaceOptionsStmt alter admin Tablespace tablespacename
AlterTableMoveAllStmt alter admin Tablespace orig_tablespacename
DropTableSpaceStmt drop admin Tablespace tablespacename
AlterSystemStmt alter admin Setting setstmt`;

type Definition = readonly [verb: Verb, effect: DeedEffect, type: string, field: string];

export const definitions: ReadonlyMap<string, Definition> = new Map(
  table
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([kind = '', verb, effect, type = '', field = '']) => [kind, [verb as Verb, effect as DeedEffect, type, field]]),
);

/** Kinds of objects whose naming in a general statement (DROP, COMMENT, ALTER … RENAME) is an administrator's affair. */
const governed = new Set(
  `OBJECT_ROLE OBJECT_DATABASE OBJECT_TABLESPACE OBJECT_EXTENSION OBJECT_LANGUAGE OBJECT_FDW OBJECT_FOREIGN_SERVER OBJECT_POLICY
   OBJECT_EVENT_TRIGGER OBJECT_PUBLICATION OBJECT_SUBSCRIPTION OBJECT_ACCESS_METHOD OBJECT_PARAMETER_ACL OBJECT_USER_MAPPING
   OBJECT_TRANSFORM`.split(/\s+/),
);
const tables = new Set('OBJECT_TABLE OBJECT_VIEW OBJECT_MATVIEW OBJECT_SEQUENCE OBJECT_FOREIGN_TABLE'.split(' '));
const routines = new Set('OBJECT_FUNCTION OBJECT_PROCEDURE OBJECT_ROUTINE OBJECT_AGGREGATE'.split(' '));
/** Changes of a table that move who may do what with it. */
const governing = new Set(
  `AT_ChangeOwner AT_EnableRowSecurity AT_DisableRowSecurity AT_ForceRowSecurity AT_NoForceRowSecurity AT_DisableTrig AT_DisableTrigAll
   AT_DisableTrigUser AT_EnableReplicaTrig AT_DisableRule AT_EnableReplicaRule AT_GenericOptions`.split(/\s+/),
);

/** Things that stand on a table, by whose name they are told. */
const attached = new Set('OBJECT_COLUMN OBJECT_TRIGGER OBJECT_RULE OBJECT_POLICY OBJECT_TABCONSTRAINT'.split(' '));

/** Statements that create something that is read like a table, and the field with its name. */
const creating: { readonly [kind: string]: string } = { CreateStmt: 'relation', ViewStmt: 'view', CreateSeqStmt: 'sequence' };

/** A statement that defines, changes or drops something; what it runs on the way is read too. */
export function define(kind: string, definition: Definition, fields: Fields, reader: Reader): void {
  if (kind === 'CreateForeignTableStmt') return define('CreateStmt', definition, fieldsIn(fields['base']), reader);
  const [verb, effect, type, field] = definition;
  const objectType = textOf(fields['objtype'] ?? fields['removeType'] ?? fields['renameType'] ?? fields['objectType'] ?? fields['kind']);
  const told = verb === 'grant' && fields['is_grant'] !== true && kind !== 'AlterDefaultPrivilegesStmt' ? 'revoke' : verb;
  const worst = governed.has(objectType ?? '') || governs(kind, fields) ? 'admin' : effect;
  const shown = type === '-' ? typeOf(objectType, fields) : type;
  const created = creating[kind];
  if (created !== undefined) createTable(fieldsIn(fields[created]), reader);
  // What is the session's own comes first in its search path: it may stand in for what others see.
  else
    for (const name of namesIn(fields[field] ?? fields['relation'] ?? fields['subname'], shown, attached.has(objectType ?? ''), reader))
      reader.deeds.add(told, name.startsWith('pg_temp.') && shown !== 'Table' ? 'unknown' : worst, shown, name);
  if (reader.deeds.list.length === 0) reader.deeds.add(told, worst);
  if (fields['behavior'] === 'DROP_CASCADE') reader.cascades = true;
  // The body of a function runs when it is called, and not now.
  for (const [name, value] of Object.entries(fields)) if (name !== 'sql_body' && name !== created) within(value, told, worst, reader);
}

function governs(kind: string, fields: Fields): boolean {
  if (kind === 'AlterTableStmt')
    return listOf(fields['cmds']).some((command) => governing.has(String(asKind(command, 'AlterTableCmd')?.['subtype'])));
  if (kind !== 'CreateFunctionStmt') return false;
  const options = listOf(fields['options']).map((option) => asKind(option, 'DefElem'));
  const language = options.find((option) => option?.['defname'] === 'language');
  const name = textOf(asKind(language?.['arg'], 'String')?.['sval'])?.toLowerCase() ?? 'sql';
  return name === 'c' || name === 'internal' || name.endsWith('u');
}

function typeOf(objectType: string | null, fields: Fields): string {
  if (objectType === null) return 'Object';
  if (fields['targtype'] === 'ACL_TARGET_ALL_IN_SCHEMA') return 'Schema';
  if (tables.has(objectType) || attached.has(objectType)) return 'Table';
  if (routines.has(objectType)) return 'Function';
  const words = objectType.replace('OBJECT_', '').toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** Types of objects that stand in no schema. */
const unqualified = new Set('Schema Role Setting Database Tablespace Extension Language Server Publication Subscription'.split(' '));

/** The names in the field that names a definition's object, in each of the forms that the parser has for them. */
function namesIn(value: unknown, type: string, onTable: boolean, reader: Reader): readonly string[] {
  if (typeof value === 'string') return [qualified(value)];
  if (Array.isArray(value)) {
    const parts = partsOf(value);
    if (parts.length !== value.length) return value.flatMap((item) => namesIn(item, type, onTable, reader));
    return [named(onTable ? parts.slice(0, -1) : parts, type, reader)];
  }
  if (!isFields(value)) return [];
  if (typeof value['relname'] === 'string')
    return type === 'Type' ? [reader.created(value)] : reader.relations(value).map(({ name }) => name);
  for (const field of ['objname', 'names', 'items', 'rolename', 'priv_name', 'name', 'sval'])
    if (value[field] !== undefined) return namesIn(value[field], type, onTable, reader);
  for (const kind of ['List', 'RangeVar', 'ObjectWithArgs', 'TypeName', 'RoleSpec', 'AccessPriv', 'String'])
    if (isFields(value[kind])) return namesIn(value[kind], type, onTable, reader);
  return [];
}

function named(parts: readonly string[], type: string, reader: Reader): string {
  if (unqualified.has(type)) return qualified(parts.at(-1) ?? '');
  if (type !== 'Table') return shownName(parts, reader.context);
  const [schema, name] = parts.length > 1 ? parts.slice(-2) : [undefined, parts[0]];
  return reader.relations(schema === undefined ? { relname: name } : { schemaname: schema, relname: name })[0]?.name ?? '';
}

/** Nodes that do something themselves wherever they stand. */
const acting = new Set(
  'SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt FuncCall SubLink A_Expr TypeCast BoolExpr CaseExpr NullTest CoalesceExpr'.split(
    ' ',
  ),
);

/** Whatever a definition holds: tables that it names are dealt with as its own is, queries and expressions are read. */
function within(value: unknown, verb: Verb, effect: DeedEffect, reader: Reader): void {
  if (Array.isArray(value)) for (const item of value) within(item, verb, effect, reader);
  if (!isFields(value)) return;
  if (typeof value['relname'] === 'string') reader.table(verb, effect, value);
  for (const [name, inner] of Object.entries(value)) {
    if (acting.has(name)) reader.visit({ [name]: inner }, outermost);
    else within(inner, verb, effect, reader);
  }
}
