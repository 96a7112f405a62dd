import type { Effect } from '../../core/action.ts';
import type { PolicyCatalog } from './schema.ts';

const verbs: { readonly [effect in Effect]: string } = {
  read: 'select copy-out explain set transaction listen prepare cancel',
  write: 'insert update delete merge truncate copy-in notify lock large-object',
  schema: 'create alter drop',
  admin: 'grant set-role maintenance',
  unknown: 'call do unknown statement',
};

/** The vocabulary that the ready packs and the documentation are written for. */
export const packCatalog: PolicyCatalog = {
  name: 'postgres',
  actions: Object.fromEntries(
    Object.entries(verbs).flatMap(([effect, names]) =>
      names.split(' ').map((verb) => [`postgres:${verb}`, { effect: effect as Effect, says: `Does ${verb}.` }]),
    ),
  ),
  facts: {
    hasWhere: { kind: 'boolean', says: 'Whether it has a WHERE.' },
    functions: { kind: 'texts', says: 'The functions that it calls.' },
    returning: { kind: 'boolean', says: 'Whether it returns rows that it changes.' },
    limited: { kind: 'boolean', says: 'Whether it limits its rows.' },
    transactionControl: { kind: 'boolean', says: 'Whether it begins or ends a transaction.' },
    unresolved: { kind: 'boolean', says: 'Whether a name in it could not be resolved.' },
  },
  objects: ['Table', 'Function', 'Schema', 'Role', 'Setting', 'Database', 'LargeObject'],
};
