import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { preparsePolicySet, preparseSchema, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { Random } from '../../../test/rig/random.ts';
import type { Action } from '../../core/action.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Verdict } from '../../core/verdict.ts';
import { decide } from './decide.ts';
import { requestOf } from './evaluate.ts';
import { createPolicy } from './judge.ts';
import type { PolicySet } from './policy.ts';
import { actionOf, alice, setOf } from './sets.test-support.ts';
import { Slices } from './slices.ts';

const groups = ['a', 'b', 'c'];
const connections = ['orders', 'orders2', 'billing'];
const names = ['public.users', 'public.log', 'secret.plans'];
const verbs = ['select', 'insert', 'delete', 'drop', 'call'];

const principals = ['principal', ...groups.map((group) => `principal in Group::"${group}"`), 'principal == User::"i#u1"'];
const actions = [
  'action',
  'action == Action::"connect"',
  'action in Action::"read"',
  'action in [Action::"write", Action::"shop:select"]',
  ...verbs.map((verb) => `action == Action::"shop:${verb}"`),
];
const resources = [
  'resource',
  'resource is Table',
  'resource is Connection',
  ...connections.flatMap((name) => [
    `resource in Connection::"${name}"`,
    `resource == Connection::"${name}"`,
    `resource is Table in Connection::"${name}"`,
    `resource == Table::"${name}:public.users"`,
  ]),
];
const conditions = [
  '',
  'when { context has hasWhere && !context.hasWhere }',
  'when { context has functions && context.functions.contains("f") }',
  'when { context has rows && context.rows > 1 }',
  'when { context has user && context.user == "root" }',
  'when { context has agent }',
  'unless { context has run && context.run like "r*" }',
  'when { resource.name like "public.*" }',
  'when { principal has email }',
  'when { principal.subject == "u1" }',
  'when { action in Action::"schema" }',
  // Fails where nobody acts for the principal, as no valid policy does.
  'when { context.agent == "cursor" }',
];
const annotations = ['', '@approval("dba")', '@approval("owners")', '@breakGlass("a")'];

function randomSet(random: Random): PolicySet {
  const texts = Array.from({ length: 1 + random.below(8) }, (_, index): readonly [string, string] => {
    const scope = `(${random.pick(principals)}, ${random.pick(actions)}, ${random.pick(resources)})`;
    const rule = random.below(3) > 0 ? 'permit' : `${random.pick(annotations)} forbid`;
    const text = `${rule} ${scope} ${random.pick(conditions)};`;
    return [`p${index}`, text];
  });
  if (random.below(2) === 0) texts.push(['open', 'permit (principal, action, resource);']);
  // Connecting alone cannot wait, which loading refuses.
  return setOf(Object.fromEntries(texts.filter(([, text]) => !/^@approval.*Action::"connect"/.test(text))));
}

function randomCircumstance(random: Random): Circumstance {
  const principal: Principal = {
    ...alice,
    issuer: 'i',
    subject: random.pick(['u1', 'u2']),
    email: random.pick([null, 'u@example.com']),
    groups: groups.filter(() => random.below(2) === 0),
    agent: random.pick([null, 'cursor', 'other']),
  };
  return { principal, connection: random.pick(connections), run: random.pick([null, 'r1', 'x', 'break-glass:INC-1']) };
}

function randomAction(random: Random): Action {
  const demands = Array.from({ length: 1 + random.below(3) }, () =>
    random.below(6) === 0 ? random.pick(verbs) : `${random.pick(verbs)} ${random.pick(names)}`,
  );
  const facts = {
    hasWhere: random.below(2) === 0,
    functions: random.pick([[], ['f'], ['g', 'f']]),
    rows: random.below(4),
    user: random.pick(['app', 'root']),
  };
  return actionOf(demands, facts);
}

type Said = 'permitted' | 'forbidden' | 'failed';

/** What Cedar says to each demand by the whole set and its schema, with no slice and nothing remembered. */
function oracleOf(set: PolicySet): (circumstance: Circumstance, action: Action) => Said {
  const staticPolicies = Object.fromEntries([...set.policies].map(([id, { text }]) => [id, text]));
  assert.equal(preparsePolicySet('oracle', { staticPolicies }).type, 'success');
  return (circumstance, action) => {
    const answers = action.demands.map((demand) => {
      const { entities, ...request } = requestOf(circumstance, action.facts, demand, null);
      assert.ok(Array.isArray(entities));
      // The schema brings the actions with it.
      const [user, , ...places] = entities;
      assert.ok(user);
      const named = { preparsedPolicySetId: 'oracle', preparsedSchemaName: 'oracle', validateRequest: true };
      const answer = statefulIsAuthorized({ ...request, ...named, entities: [user, ...places] });
      assert.ok(answer.type === 'success', JSON.stringify(answer));
      return answer.response;
    });
    if (answers.some(({ diagnostics }) => diagnostics.errors.length > 0)) return 'failed';
    return answers.every(({ decision }) => decision === 'allow') ? 'permitted' : 'forbidden';
  };
}

function agrees(verdict: Verdict, said: Said): boolean {
  if (verdict.kind === 'refusal' && verdict.code === 'POLICY_FAULT') return said === 'failed';
  // What is lifted, or can be, is forbidden as far as Cedar knows.
  return said === (verdict.kind === 'permit' && verdict.detail === null ? 'permitted' : 'forbidden');
}

describe('verdicts of random policies', () => {
  const seeds = Array.from({ length: 30 }, (_, index) => index + 1);

  test('are the same remembered and not, in any order', () => {
    for (const seed of seeds) {
      const random = new Random(seed);
      const set = randomSet(random);
      const policy = createPolicy(set);
      const fresh = { set, slices: new Slices(set.policies.values()) };
      // Few of each, so that the same and nearly the same meet again.
      const circumstances = Array.from({ length: 6 }, () => randomCircumstance(random));
      const asked = Array.from({ length: 6 }, () => randomAction(random));
      for (let round = 0; round < 40; round += 1) {
        const circumstance = random.pick(circumstances);
        const chosen = random.pick(asked);
        const action = random.below(2) === 0 ? chosen : structuredClone(chosen);
        const who = random.below(2) === 0 ? circumstance : structuredClone(circumstance);
        assert.deepEqual(
          policy.judge(who, action),
          decide(fresh, circumstance, action),
          `seed ${seed}: ${shown(set, circumstance, action)}`,
        );
      }
    }
  });

  test('are what Cedar says by all policies and the schema', () => {
    const seen = new Map<string, number>();
    // The same for all of them, and slow to parse.
    assert.equal(preparseSchema('oracle', setOf({}).schema).type, 'success');
    for (let seed = 1; seed <= 120; seed += 1) {
      const random = new Random(seed + 1000);
      const set = randomSet(random);
      const oracle = oracleOf(set);
      const policy = createPolicy(set);
      for (let round = 0; round < 4; round += 1) {
        const [circumstance, action] = [randomCircumstance(random), randomAction(random)];
        const verdict = policy.judge(circumstance, action);
        const said = oracle(circumstance, action);
        assert.ok(agrees(verdict, said), `seed ${seed}: ${said}, yet ${JSON.stringify(verdict)}: ${shown(set, circumstance, action)}`);
        seen.set(verdict.kind, (seen.get(verdict.kind) ?? 0) + 1);
      }
    }
    for (const kind of ['permit', 'refusal', 'question'])
      assert.ok((seen.get(kind) ?? 0) > 2, `${kind} hardly ever came: the test tests little`);
  });

  test('differ wherever one thing that a policy can see differs', () => {
    const action = actionOf(['select public.users'], { hasWhere: true, functions: ['f'], rows: 1, user: 'app' });
    const only = setOf({
      p: `permit (principal, action == Action::"shop:select", resource == Table::"orders:public.users")
        when { context.hasWhere && context.functions.contains("f") && !context.functions.contains("g") && context.rows == 1 && context.user == "app" };`,
    });
    const policy = createPolicy(only);
    const circumstance: Circumstance = { principal: alice, connection: 'orders', run: null };
    const others = [{ hasWhere: false }, { functions: [] }, { functions: ['f', 'g'] }, { rows: 2 }, { user: 'App' }].map((facts) => ({
      ...action,
      facts: { ...action.facts, ...facts },
    }));
    for (const round of [1, 2]) {
      assert.equal(policy.judge(circumstance, action).kind, 'permit', `round ${round}`);
      for (const other of [...others, actionOf(['select public.User'], action.facts), actionOf(['select'], action.facts)])
        assert.equal(policy.judge(circumstance, other).kind, 'refusal', JSON.stringify(other));
    }
  });
});

function shown(set: PolicySet, { principal, connection, run }: Circumstance, action: Action): string {
  const { subject, email, groups: member, agent } = principal;
  const texts = [...set.policies.values()].map(({ id, text }) => `${id}: ${text}`);
  return JSON.stringify({ texts, subject, email, member, agent, connection, run, action }, null, 1);
}
