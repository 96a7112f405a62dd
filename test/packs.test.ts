import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Action } from '../src/core/action.ts';
import { actions, facts } from '../src/protocols/postgres/actions.ts';
import { protocol } from '../src/protocols/postgres/index.ts';
import { createPolicy } from '../src/stages/policy/judge.ts';
import { loadPolicies } from '../src/stages/policy/load.ts';
import { alice } from '../src/stages/policy/sets.test-support.ts';
import { blocksOf } from './structure/markdown.ts';
import { root } from './structure/tree.ts';

const permits = '@id("all") permit (principal, action, resource);';
const examples = `${root}examples/policies/`;

/** What each pack says to a statement: the policy that decides, or null for the permit. */
const packs: { readonly [file: string]: readonly { readonly verb: string; readonly hasWhere?: boolean; readonly by: string | null }[] } = {
  'read-only.cedar': [
    { verb: 'select', by: null },
    { verb: 'set', by: null },
    { verb: 'cancel', by: null },
    { verb: 'prepare', by: null },
    { verb: 'call-read', by: null },
    ...['insert', 'create-write', 'drop', 'drop-admin', 'grant', 'call', 'call-write', 'set-write', 'copy-out-admin', 'unknown'].map(
      (verb) => ({ verb, by: 'read-only' }),
    ),
  ],
  'no-destructive-ddl.cedar': [
    { verb: 'create', by: null },
    { verb: 'delete', by: null },
    { verb: 'drop-write', by: null },
    { verb: 'drop', by: 'no-drop' },
    { verb: 'drop-admin', by: 'no-drop' },
    { verb: 'truncate', by: 'no-truncate' },
    { verb: 'truncate-unknown', by: 'no-truncate' },
    { verb: 'alter', by: 'no-alter' },
    { verb: 'alter-admin', by: 'no-alter' },
  ],
  'where-needed.cedar': [
    { verb: 'delete', hasWhere: true, by: null },
    { verb: 'delete', hasWhere: false, by: 'no-unfiltered-delete' },
    { verb: 'update', hasWhere: true, by: null },
    { verb: 'update', hasWhere: false, by: 'no-unfiltered-update' },
    { verb: 'select', hasWhere: false, by: null },
  ],
  'writes-need-approval.cedar': [
    { verb: 'select', by: null },
    ...['insert', 'drop', 'grant', 'call'].map((verb) => ({ verb, by: 'writes-need-approval' })),
  ],
};

function statement(verb: string, hasWhere: boolean): Action {
  const action = `postgres:${verb}`;
  const effect = actions[action]?.effect;
  assert.ok(effect, action);
  const object = { type: 'Table', name: 'public.users' };
  const none = Object.fromEntries(Object.entries(facts).map(([name, { kind }]) => [name, kind === 'boolean' ? false : []]));
  return { name: action, effect, demands: [{ action, effect, object }], objects: [object], text: '', facts: { ...none, hasWhere } };
}

describe('policies that are shown', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-packs-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function loaded(...texts: readonly string[]) {
    const place = mkdtempSync(join(folder, 'set-'));
    for (const [index, text] of texts.entries()) writeFileSync(join(place, `${index}.cedar`), text);
    const set = await loadPolicies(place, { catalogs: [protocol] });
    assert.ok('version' in set, JSON.stringify(set));
    return set;
  }

  test('every pack has its cases', () =>
    assert.deepEqual(
      readdirSync(examples).filter((name) => name.endsWith('.cedar')),
      Object.keys(packs).toSorted(),
    ));

  for (const [file, cases] of Object.entries(packs))
    for (const { verb, hasWhere = true, by } of cases)
      test(`${file}: ${verb}${hasWhere ? '' : ' without a WHERE'} ${by === null ? 'passes' : `meets ${by}`}`, async () => {
        const policy = createPolicy(await loaded(permits, readFileSync(examples + file, 'utf8')));
        const verdict = policy.judge({ principal: alice, connection: 'orders', run: null }, statement(verb, hasWhere));
        const asks = file === 'writes-need-approval.cedar';
        const grounds = by === null ? ['all'] : asks ? ['all', by] : [by];
        assert.deepEqual([verdict.kind, verdict.grounds.policies], [by === null ? 'permit' : asks ? 'question' : 'refusal', grounds]);
        if (verdict.kind === 'refusal')
          assert.match(
            verdict.message,
            /^([A-Z -]+ on public\.users|What is not understood \(public\.users\)) is refused by "[a-z-]+": .+\.$/,
          );
      });

  test('all packs load together', async () => {
    await loaded(permits, ...Object.keys(packs).map((file) => readFileSync(examples + file, 'utf8')));
  });

  for (const { language, text, line } of blocksOf(readFileSync(`${root}docs/policies.md`, 'utf8')))
    if (language === 'cedar') test(`docs/policies.md:${line} loads`, async () => void (await loaded(text)));
});
