import {
  type Action,
  type ActionCatalog,
  type ActionObject,
  type Demand,
  type Effect,
  effects,
  type FactCatalog,
} from '../../core/action.ts';
import type { Deed } from '../../sql/deeds.ts';
import type { Call } from './large-objects.ts';
import type { StatementFacts, StatementMeaning } from '../../sql/statement.ts';

/**
 * Every verb with its effects. The first has the verb's plain name, and each other one is an action of its own,
 * `<verb>-<effect>`: policy tells effects apart by the action.
 */
const verbs = {
  select: ['read', 'Reads rows of a table or view.'],
  insert: ['write', 'Inserts rows into a table.'],
  update: ['write', 'Updates rows of a table.'],
  delete: ['write', 'Deletes rows of a table.'],
  merge: ['write', 'Merges rows into a table.'],
  truncate: ['write unknown', 'Empties a table; `unknown` where CASCADE empties others that are not named.'],
  'copy-in': ['write admin', 'Copies rows into a table; `admin` from a file or program of the server.'],
  'copy-out': ['read admin', 'Copies rows out; `admin` to a file or program of the server.'],
  lock: ['write read', 'Locks a table or its rows; `read` in ACCESS SHARE mode.'],
  call: ['unknown read write admin', 'Calls a function, by its name or behind an operator, a type or a conversion.'],
  do: ['unknown', 'Runs a block of code.'],
  create: ['schema write admin unknown', 'Creates something; `write` for a temporary table.'],
  alter: ['schema write admin unknown', 'Changes what is there.'],
  drop: ['schema write admin unknown', 'Drops something.'],
  comment: ['schema admin unknown', 'Comments on something.'],
  grant: ['admin unknown', 'Grants rights or membership.'],
  revoke: ['admin unknown', 'Revokes rights or membership.'],
  set: ['read write admin unknown', 'Changes a setting of the session; `write` to leave read-only mode, `admin` for what governs.'],
  'set-role': ['admin', 'Becomes another role.'],
  show: ['read', 'Shows a setting.'],
  transaction: ['read write', 'Begins, ends or marks a transaction; `write` for two-phase commit.'],
  discard: ['read', 'Gives up what the session has.'],
  prepare: ['read', 'Prepares or describes a statement without running it.'],
  deallocate: ['read', 'Gives up a prepared statement.'],
  declare: ['read', 'Declares a cursor.'],
  fetch: ['read', 'Fetches rows of a cursor.'],
  close: ['read', 'Closes a cursor.'],
  listen: ['read', 'Listens on a channel, or no more.'],
  notify: ['write', 'Notifies those who listen on a channel.'],
  maintenance: ['write admin', 'Vacuums, analyzes, reindexes, refreshes; `admin` for a checkpoint.'],
  explain: ['read', 'Plans a statement without running it.'],
  load: ['admin', 'Loads a library of the server.'],
  unknown: ['unknown', 'Something that is not understood.'],
  'read-large-object': ['read', 'Opens, reads or seeks in a large object, by FunctionCall.'],
  'write-large-object': ['write', 'Makes, writes, cuts or removes a large object, or opens it to write, by FunctionCall.'],
  cancel: ['read', 'Cancels the statement that runs in the same session.'],
} as const satisfies { readonly [verb in Deed['verb'] | OwnVerb]: readonly [effects: string, says: string] };

type OwnVerb = 'read-large-object' | 'write-large-object' | 'cancel';

const declared = Object.entries(verbs).flatMap(([verb, [listed, says]]) =>
  listed.split(' ').map((effect, place) => {
    const name = place === 0 ? `postgres:${verb}` : `postgres:${verb}-${effect}`;
    return { key: `${verb} ${effect}`, name, effect: effect as Effect, says };
  }),
);

/** What this protocol can ask. */
export const actions: ActionCatalog = Object.fromEntries(declared.map(({ name, effect, says }) => [name, { effect, says }]));

const names: ReadonlyMap<string, string> = new Map(declared.map(({ key, name }) => [key, name]));

/** The Cedar entity types of the objects that statements name. What is of another type is an `Object`. */
export const objects = [
  'Table',
  'Function',
  'Type',
  'Schema',
  'Role',
  'Database',
  'Setting',
  'LargeObject',
  'Server',
  'Channel',
  'File',
  'Program',
  'Prepared',
  'Cursor',
  'Syntax',
  'Object',
] as const;

/** What policies may test of a statement. */
export const facts = {
  hasWhere: {
    kind: 'boolean',
    says: 'Whether every UPDATE, DELETE and TRUNCATE in it keeps rows out by a condition; true where there is none.',
  },
  returning: { kind: 'boolean', says: 'Whether it returns rows that it changes.' },
  limited: { kind: 'boolean', says: 'Whether a LIMIT or FETCH bounds its rows.' },
  transactionControl: { kind: 'boolean', says: 'Whether it begins, ends or marks a transaction.' },
  unresolved: { kind: 'boolean', says: 'Whether a name in it is not in the catalog as the gateway knows it.' },
  triggers: { kind: 'boolean', says: 'Whether it writes to a table with triggers.' },
  cascades: { kind: 'boolean', says: 'Whether it goes on to what depends on its objects.' },
  functions: { kind: 'texts', says: 'The functions that it may call, as schema.name.' },
} as const satisfies FactCatalog;

type Facts = { readonly [name in keyof typeof facts]: StatementFacts[name] };

/** Those of what does nothing. */
export const noFacts: Facts = {
  hasWhere: true,
  returning: false,
  limited: false,
  transactionControl: false,
  unresolved: false,
  triggers: false,
  cascades: false,
  functions: [],
};

/** What a statement asks, by what it does. */
export function statementAction(text: string, { deeds, facts: given }: Pick<StatementMeaning, 'deeds' | 'facts'>): Action {
  return actionOf(text, deeds.map(demandOf), given);
}

/** What preparing a statement asks, or describing it: the server looks its objects up and touches none of their rows. */
export function prepareAction(text: string, { deeds, facts: given }: StatementMeaning): Action {
  const touched = new Map(
    deeds.map(({ object }) => [
      JSON.stringify(object),
      { action: 'postgres:prepare', effect: 'read' as const, object: object && objectOf(object) },
    ]),
  );
  return actionOf(text, [...touched.values()], given);
}

/** A statement that could not be read, and why. */
export function unknownAction(text: string, why: string): Action {
  return actionOf(text, [{ action: 'postgres:unknown', effect: 'unknown', object: { type: 'Syntax', name: why } }], noFacts);
}

export function largeObjectAction({ text, effect, function: { name }, object }: Call): Action {
  const action = effect === 'read' ? 'postgres:read-large-object' : 'postgres:write-large-object';
  const touched = object === null ? null : { type: 'LargeObject', name: object };
  return actionOf(text, [{ action, effect, object: touched }], { ...noFacts, functions: [`pg_catalog.${name}`] });
}

export const cancelAction: Action = actionOf('cancel', [{ action: 'postgres:cancel', effect: 'read', object: null }], noFacts);

/** A pair that is not declared is one that nobody thought of. */
function demandOf({ verb, effect, object, doubt }: Deed): Demand {
  const action = names.get(`${verb} ${effect}`);
  const shown = object && objectOf(object);
  if (action === undefined) return { action: 'postgres:unknown', effect: 'unknown', object: shown };
  return { action, effect, object: shown, ...(doubt !== undefined && { doubt }) };
}

const types: ReadonlySet<string> = new Set(objects);

function objectOf({ type, name }: ActionObject): ActionObject {
  return { type: types.has(type) ? type : 'Object', name };
}

function actionOf(text: string, demands: readonly Demand[], given: Facts): Action {
  const worst = demands.reduce((one, other) => (effects.indexOf(other.effect) > effects.indexOf(one.effect) ? other : one));
  const touched = new Map(demands.flatMap(({ object }) => (object === null ? [] : [[`${object.type} ${object.name}`, object]])));
  return { name: worst.action, effect: worst.effect, demands, objects: [...touched.values()], text, facts: { ...given } };
}
