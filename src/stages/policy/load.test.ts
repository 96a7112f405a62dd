import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadPolicies } from './load.ts';
import type { PolicyProblem, PolicySet } from './policy.ts';
import { describeSchema, type PolicyCatalog } from './schema.ts';

const catalogs: readonly PolicyCatalog[] = [
  {
    name: 'tiny',
    actions: { 'tiny:select': { effect: 'read', says: 'Reads a "table".' }, 'tiny:drop': { effect: 'schema', says: 'Drops.' } },
    facts: { hasWhere: { kind: 'boolean', says: 'Whether it has a WHERE.' }, functions: { kind: 'texts', says: 'What it calls.' } },
    objects: ['Table'],
  },
];

describe('loading policies', () => {
  let root = '';
  let count = 0;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'chaperone-policies-'));
  });
  after(() => rmSync(root, { recursive: true }));

  function folderOf(files: { readonly [name: string]: string | Buffer }): string {
    const folder = join(root, String((count += 1)));
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  }

  const load = (files: { readonly [name: string]: string | Buffer }) => loadPolicies(folderOf(files), { catalogs });

  async function loaded(files: { readonly [name: string]: string }): Promise<PolicySet> {
    const result = await load(files);
    assert.ok('policies' in result, JSON.stringify(result));
    return result;
  }

  test('keeps ids, reasons, lines and texts', async () => {
    const set = await loaded({
      'b.cedar': '// héllo; not a policy\n\n@id("b") @reason("Ask; then } wait.")\nforbid (principal, action, resource);\n// end',
      'a.cedar': 'permit (principal in Group::"a;", action, resource);\npermit (principal, action == Action::"connect", resource);',
      'sub/c.cedar': '@id("c") permit (principal, action in [Action::"connect"], resource is Connection) when { "\\"; //" != "" };',
      '.hidden/d.cedar': 'nonsense',
      'readme.md': 'nonsense',
    });
    const found = [...set.policies.values()].map(({ id, line, reason }) => ({ id, line, reason }));
    assert.deepEqual(found, [
      { id: 'a.cedar:1', line: 1, reason: null },
      { id: 'a.cedar:2', line: 2, reason: null },
      { id: 'b', line: 3, reason: 'Ask; then } wait.' },
      { id: 'c', line: 1, reason: null },
    ]);
    assert.equal(set.policies.get('a.cedar:1')?.text, 'permit (principal in Group::"a;", action, resource);');
  });

  test('the version follows names and contents', async () => {
    const policy = 'permit (principal, action, resource);';
    const versions = await Promise.all([
      loaded({ 'a.cedar': policy }),
      loaded({ 'a.cedar': policy }),
      loaded({ 'b.cedar': policy }),
      loaded({ 'a.cedar': `${policy}\n` }),
    ]);
    const [first, same, ...others] = versions.map(({ version }) => version);
    assert.match(String(first), /^[0-9a-f]{12}$/);
    assert.equal(first, same);
    for (const other of others) assert.notEqual(other, first);
  });

  test('no folder and an empty one hold no policies', async () => {
    const none = await loadPolicies(null, { catalogs });
    const empty = await loaded({});
    assert.ok('policies' in none);
    assert.equal(none.policies.size, 0);
    assert.equal(empty.policies.size, 0);
  });

  test('a missing folder is a problem', async () => {
    const result = await loadPolicies(join(root, 'missing'), { catalogs });
    assert.ok(Array.isArray(result));
    assert.match(String(result[0]?.message), /ENOENT/);
  });

  test('the schema lists the actions in their effects and the objects in their connection', () => {
    const schema = describeSchema(catalogs);
    assert.match(schema, /action "tiny:drop" in \["schema"\]/);
    assert.match(schema, /entity Table in \[Connection\] = \{ name: String \};/);
    assert.match(schema, /@doc\("Reads a \\"table\\"\."\)/);
  });

  const all = '(principal, action, resource)';
  const mistakes: { name: string; text: string | Buffer; line: number; says: RegExp; remedy?: RegExp }[] = [
    { name: 'no semicolon', text: `permit ${all}`, line: 1, says: /unexpected end of input/ },
    {
      name: 'a syntax error',
      text: `permit ${all};\n\npermit ${all}\nwhen { 1 = 1 };`,
      line: 4,
      says: /'=' is not a valid operator/,
      remedy: /==/,
    },
    { name: 'a block comment', text: `/* x */ permit ${all};`, line: 1, says: /unexpected token/ },
    { name: 'a template', text: 'permit (principal == ?principal, action, resource);', line: 1, says: /template/ },
    { name: 'bytes that are not UTF-8', text: Buffer.from([0x2f, 0x2f, 0xff]), line: 1, says: /not UTF-8/ },
    {
      name: 'an unknown type after many-byte characters',
      text: '// é 💥\n// ü\npermit (principal, action, resource)\nwhen { "💥💥💥💥" == "é" ||\n  principal in Grup::"x" };',
      line: 5,
      says: /unrecognized entity type `Grup`/,
      remedy: /Did you mean `Group`/,
    },
    {
      name: 'an attribute that may be missing',
      text: `forbid ${all}\nwhen { context.agent == "x" };`,
      line: 2,
      says: /optional attribute `agent`/,
      remedy: /context has agent/,
    },
    { name: 'an attribute that is not there', text: `permit ${all} when { principal.name == "x" };`, line: 1, says: /`name`.* not found/ },
    { name: 'a policy that never applies', text: `permit ${all}\nwhen { false };`, line: 1, says: /impossible/, remedy: /remove it/ },
    {
      name: 'a misspelt action',
      text: 'permit (principal, action == Action::"tiny:selekt", resource);',
      line: 1,
      says: /unrecognized action `Action::"tiny:selekt"`/,
      remedy: /^Known here: tiny:select, tiny:drop\.$/,
    },
    { name: 'no action', text: 'permit (principal, action in [], resource);', line: 1, says: /empty set/ },
    {
      name: 'an effect that no action has',
      text: 'forbid (principal, action in Action::"admin", resource);',
      line: 1,
      says: /applicable action/,
    },
    { name: 'an effect as an action', text: 'forbid (principal, action == Action::"read", resource);', line: 1, says: /applicable action/ },
    {
      name: 'a table to connect to',
      text: 'permit (principal, action == Action::"connect", resource is Table);',
      line: 1,
      says: /applicable action/,
    },
    { name: 'a misspelt type', text: 'forbid (principal, action, resource is Tabel);', line: 1, says: /unrecognized entity type/ },
    {
      name: 'a misspelt action in a condition',
      text: `forbid ${all} when { action == Action::"schemas" };`,
      line: 1,
      says: /unrecognized action/,
    },
    {
      name: 'a fact of other actions',
      text: `forbid ${all}\nwhen { !context.hasWhere };`,
      line: 2,
      says: /`hasWhere` in context for Action::"(connect|unmask)" not found/,
      remedy:
        /^Action::"(connect|unmask)" has no context\.hasWhere: name the actions that have it in the scope, or test `context has hasWhere` first\./,
    },
    {
      name: 'a fact that is not there',
      text: `forbid (principal, action == Action::"tiny:drop", resource) when { context.hasWher };`,
      line: 1,
      says: /`hasWher` in context/,
    },
    {
      name: 'a fact that is not there and is asked for first',
      text: `forbid ${all} when { context has hasWher && context.hasWher };`,
      line: 1,
      says: /impossible/,
    },
    {
      name: 'a fact of another kind',
      text: `forbid (principal, action in Action::"read", resource) when { context.functions == 1 };`,
      line: 1,
      says: /./,
    },
    {
      name: 'an approval on a permit',
      text: `\n@approval("dba") permit ${all};`,
      line: 2,
      says: /@approval stands on a permit/,
      remedy: /on a forbid/,
    },
    { name: 'an approval without a group', text: `@approval forbid ${all};`, line: 1, says: /@approval names no group/ },
    { name: 'an approval by nobody', text: `@approval(" ") forbid ${all};`, line: 1, says: /@approval names no group/ },
    {
      name: 'an approval to connect',
      text: '@approval("dba") forbid (principal, action == Action::"connect", resource);',
      line: 1,
      says: /connect cannot wait/,
    },
    { name: 'a glass on a permit', text: `@breakGlass("oncall") permit ${all};`, line: 1, says: /@breakGlass stands on a permit/ },
    { name: 'a glass for nobody', text: `@breakGlass forbid ${all};`, line: 1, says: /@breakGlass names no group/ },
    { name: 'a misspelt annotation', text: `@breakglass("oncall") forbid ${all};`, line: 1, says: /@breakglass/, remedy: /@breakGlass/ },
    {
      name: 'two policies without an id on one line',
      text: `permit ${all}; forbid ${all};`,
      line: 1,
      says: /the id "p\.cedar:1" is taken by .*:1$/,
    },
    { name: 'a second policy of an id', text: `@id("x") permit ${all};\n@id("x") forbid ${all};`, line: 2, says: /"x" is taken by .*:1$/ },
    { name: 'an empty id', text: `@id("") permit ${all};`, line: 1, says: /@id is empty/ },
  ];
  for (const { name, text, line, says, remedy } of mistakes)
    test(`refuses ${name}`, async () => {
      const result = await load({ 'p.cedar': text });
      assert.ok(Array.isArray(result), 'it loaded');
      const [problem] = result as [PolicyProblem];
      assert.match(problem.file, /p\.cedar$/);
      assert.match(problem.message, says);
      assert.equal(problem.line, line);
      assert.match(problem.remedy, remedy ?? /^.{10}/);
    });

  const sound: { name: string; text: string }[] = [
    { name: 'a statement', text: 'forbid (principal, action == Action::"tiny:drop", resource);' },
    { name: 'an effect', text: 'permit (principal, action in Action::"read", resource in Connection::"orders");' },
    { name: 'an action in a condition', text: `forbid ${all} when { action in Action::"schema" };` },
    { name: 'an action written with escapes', text: String.raw`forbid (principal, action == Action::"tiny:\u{64}rop", resource);` },
    { name: 'unmask', text: 'permit (principal, action == Action::"unmask", resource is Table);' },
    { name: 'a type', text: 'forbid (principal, action, resource is Table);' },
    { name: 'an object', text: 'forbid (principal, action, resource == Table::"orders:t");' },
    { name: 'a name', text: `forbid ${all} when { resource.name like "public.*" };` },
    { name: 'a fact of some actions', text: `forbid ${all} when { context has hasWhere && !context.hasWhere };` },
    {
      name: 'a fact',
      text: 'forbid (principal, action in [Action::"read", Action::"schema"], resource) unless { context.functions.isEmpty() };',
    },
    { name: 'an approval', text: `@approval("dba") forbid ${all};` },
    { name: 'an annotation of somebody else', text: `@owner("dba") permit ${all};` },
  ];
  for (const { name, text } of sound) test(`loads ${name}`, async () => void (await loaded({ 'p.cedar': text })));

  test('keeps what policies say beside their rule', async () => {
    const set = await loaded({ 'p.cedar': `@id("a") @approval("dba") @breakGlass("oncall") forbid ${all};\npermit ${all};` });
    const said = [...set.policies.values()].map(({ effect, approval, breakGlass }) => [effect, approval, breakGlass]);
    assert.deepEqual(said, [
      ['forbid', 'dba', 'oncall'],
      ['permit', null, null],
    ]);
  });

  test('all problems of all files come at once', async () => {
    const result = await load({
      'a.cedar': 'nonsense',
      'b.cedar': 'permit (principal in G::"x", action, resource);\n@approval forbid (principal, action, resource);',
    });
    assert.equal((result as PolicyProblem[]).length, 3);
  });
});
