import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { protocol as sqlProtocol } from '../src/protocols/postgres/index.ts';
import { requestAction } from '../src/protocols/http/actions.ts';
import { readOperation } from '../src/protocols/http/graphql.ts';
import { protocol } from '../src/protocols/http/index.ts';
import { canonicalTarget } from '../src/protocols/http/path.ts';
import { foldIds } from '../src/protocols/http/route.ts';
import { createPolicy } from '../src/stages/policy/judge.ts';
import { loadPolicies } from '../src/stages/policy/load.ts';
import { alice } from '../src/stages/policy/sets.test-support.ts';
import { root } from './structure/tree.ts';

const permits = '@id("all") permit (principal, action, resource);';

/** Requests to the APIs of code hosts, and the policy that each meets; null for the permit. */
const cases: readonly (readonly [method: string, path: string, by: string | null])[] = [
  ['GET', '/repos/acme/shop/contents/src/a.ts', null],
  ['GET', '/api/v4/projects/acme%2Fshop/repository/files/src%2Fa.ts/raw', null],
  ['POST', '/repos/acme/shop/issues', null],
  ['POST', '/repos/acme/shop/pulls', null],
  ['POST', '/api/v4/projects/7/merge_requests', null],
  ['PUT', '/repos/acme/shop/contents/src/a.ts', 'contents-by-git'],
  ['DELETE', '/repos/acme/shop/contents/src/a.ts', 'contents-by-git'],
  ['POST', '/api/v1/repos/acme/shop/contents', 'contents-by-git'],
  ['POST', '/api/v1/repos/acme/shop/diffpatch', 'contents-by-git'],
  ['POST', '/repos/acme/shop/git/blobs', 'git-data-by-git'],
  ['PATCH', '/repos/acme/shop/git/refs/heads/main', 'git-data-by-git'],
  ['POST', '/repos/acme/shop/merges', 'git-data-by-git'],
  ['POST', '/repos/acme/shop/merge-upstream', 'git-data-by-git'],
  ['POST', '/api/v4/projects/acme%2Fshop/repository/commits', 'git-data-by-git'],
  ['POST', '/api/v4/projects/7/repository/branches', 'git-data-by-git'],
  ['PUT', '/repos/acme/shop/pulls/7/merge', 'merges-need-people'],
  ['POST', '/api/v1/repos/acme/shop/pulls/7/merge', 'merges-need-people'],
  ['PUT', '/api/v4/projects/7/merge_requests/3/merge', 'merges-need-people'],
  ['POST', '/repos/acme/shop/keys', 'no-new-credentials'],
  ['POST', '/api/v4/projects/7/deploy_tokens', 'no-new-credentials'],
  ['PUT', '/repos/acme/shop/actions/secrets/KEY', 'no-new-credentials'],
  ['POST', '/api/v1/users/dana/tokens', 'no-new-credentials'],
];

const mutations: readonly (readonly [document: string, by: string | null])[] = [
  ['query { viewer { login } }', null],
  ['mutation { addComment(input: {}) { id } }', null],
  ['mutation { x: createCommitOnBranch(input: {}) { id } }', 'no-graphql-commits'],
  ['mutation { ...F } fragment F on Mutation { mergePullRequest(input: {}) { id } }', 'no-graphql-commits'],
];

describe('examples/policies/web/code-hosts.cedar', () => {
  let folder = '';
  let policy: ReturnType<typeof createPolicy>;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-code-hosts-'));
    writeFileSync(join(folder, 'permits.cedar'), permits);
    writeFileSync(join(folder, 'hosts.cedar'), readFileSync(`${root}examples/policies/web/code-hosts.cedar`, 'utf8'));
    // Together with another protocol's actions, as most houses have them.
    const set = await loadPolicies(folder, { catalogs: [protocol, sqlProtocol] });
    assert.ok('version' in set, JSON.stringify(set));
    policy = createPolicy(set);
  });
  after(() => rmSync(folder, { recursive: true }));

  function judged(method: string, path: string, document: string | null): string | null {
    const target = canonicalTarget(path, 'keep');
    assert.ok(typeof target !== 'string', JSON.stringify(target));
    const action = requestAction({
      method,
      target,
      route: { template: foldIds(target.path), operationId: '', known: true },
      host: 'code.example.com',
      contentType: 'application/json',
      bodyBytes: -1,
      websocket: false,
      overrides: [],
      graphql: document === null ? null : [readOperation(document, null)],
    });
    const verdict = policy.judge({ principal: alice, connection: 'code', run: null }, action);
    const { policies } = verdict.grounds;
    return verdict.kind === 'permit' ? null : (policies.find((id) => id !== 'all') ?? '');
  }

  for (const [method, path, by] of cases)
    test(`${method} ${path} ${by === null ? 'passes' : `meets ${by}`}`, () => assert.equal(judged(method, path, null), by));
  for (const [document, by] of mutations)
    test(`${document} ${by === null ? 'passes' : `meets ${by}`}`, () => assert.equal(judged('POST', '/graphql', document), by));
});
