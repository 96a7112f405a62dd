import { type Action, type ActionCatalog, type Effect, type FactCatalog, plainAction } from '../../core/action.ts';

/** What this protocol can ask. Statement by statement effects come from reading the SQL; until then each is `unknown`. */
export const actions = {
  'postgres:statement': { effect: 'unknown', says: 'Runs one SQL statement.' },
  'postgres:read-large-object': { effect: 'read', says: 'Opens, reads or seeks in a large object, by FunctionCall.' },
  'postgres:write-large-object': {
    effect: 'write',
    says: 'Makes, writes, cuts or removes a large object, or opens it to write, by FunctionCall.',
  },
  'postgres:cancel': { effect: 'unknown', says: 'Cancels the statement that runs in the same session.' },
} as const satisfies ActionCatalog;

/** The Cedar entity types of the objects that statements name. */
export const objects = ['Table'] as const;

/** What policies may test of a statement. */
export const facts = {} as const satisfies FactCatalog;

function act(name: keyof typeof actions, text: string): Action {
  return plainAction(name, actions[name].effect, text);
}

export function statementAction(text: string): Action {
  return act('postgres:statement', text);
}

export function largeObjectAction(text: string, effect: Effect): Action {
  return act(effect === 'read' ? 'postgres:read-large-object' : 'postgres:write-large-object', text);
}

export const cancelAction: Action = act('postgres:cancel', 'cancel');
