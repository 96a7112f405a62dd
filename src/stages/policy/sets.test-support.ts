import assert from 'node:assert/strict';
import type { Action, Demand, Effect } from '../../core/action.ts';
import type { Json } from '../../core/json.ts';
import type { Principal } from '../../core/principal.ts';
import { readPolicy } from './load.ts';
import type { Policy, PolicySet } from './policy.ts';
import { describeSchema, type PolicyCatalog } from './schema.ts';
import { vocabularyOf } from './vocabulary.ts';

const effectOf: { readonly [effect in Effect]: string } = {
  read: 'select copy-out explain',
  write: 'insert update delete merge truncate copy-in large-object',
  schema: 'create alter drop',
  admin: 'grant set-role maintenance set',
  unknown: 'call do unknown',
};

/** A database's vocabulary, large enough to try policies on. */
export const shop: PolicyCatalog = {
  name: 'shop',
  actions: Object.fromEntries(
    Object.entries(effectOf).flatMap(([effect, verbs]) =>
      verbs.split(' ').map((verb) => [`shop:${verb}`, { effect: effect as Effect, says: `Does ${verb}.` }]),
    ),
  ),
  facts: {
    hasWhere: { kind: 'boolean', says: 'Whether it has a WHERE.' },
    functions: { kind: 'texts', says: 'The functions that it calls.' },
    rows: { kind: 'number', says: 'How many rows it names.' },
    user: { kind: 'text', says: 'As whom it runs.' },
  },
  objects: ['Table', 'Function', 'Schema', 'Role', 'Setting', 'Database', 'LargeObject', 'Syntax'],
};

const plainFacts = { hasWhere: true, functions: [], rows: 0, user: 'app' } as const;

/** What is done: `delete public.users`, or `set` to the connection itself. */
function demandOf(words: string): Demand {
  const [verb = '', name] = words.split(' ');
  const declared = shop.actions[`shop:${verb}`];
  assert.ok(declared, words);
  return { action: `shop:${verb}`, effect: declared.effect, object: name === undefined ? null : { type: 'Table', name } };
}

export function actionOf(demands: readonly string[], facts: { readonly [name: string]: Json } = {}): Action {
  const all = demands.map(demandOf);
  const [first] = all;
  assert.ok(first);
  return {
    name: first.action,
    effect: first.effect,
    demands: all,
    objects: all.flatMap(({ object }) => object ?? []),
    text: demands.join('; '),
    facts: { ...plainFacts, ...facts },
  };
}

export const alice: Principal = {
  subject: 'alice',
  issuer: 'https://login.example.com',
  email: 'alice@example.com',
  groups: ['engineering', 'Команда'],
  agent: 'cursor',
  actors: ['cursor'],
  token: { issuer: 'https://login.example.com', subject: 'alice', jti: null, sha256: '00', expiresAt: 0 },
};

/** A set as it would be after loading, but without the validator, which would stop what tests want to see fail. */
export function setOf(texts: { readonly [id: string]: string }, catalogs: readonly PolicyCatalog[] = [shop]): PolicySet {
  const policies = Object.entries(texts).map(([id, text]): readonly [string, Policy] => {
    const policy = readPolicy('p.cedar', { file: 'p.cedar', line: 1, text });
    assert.ok('id' in policy, JSON.stringify(policy));
    return [id, { ...policy, id }];
  });
  return {
    version: 'abc',
    schema: describeSchema(catalogs),
    vocabulary: vocabularyOf(catalogs),
    policies: new Map(policies),
    files: [],
  };
}
