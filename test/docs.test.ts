import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import { describe, test } from 'node:test';
import { errorCodes } from '../src/core/errors.ts';
import { sqlstates } from '../src/protocols/postgres/sqlstates.ts';
import { anchorsOf, type Block, blocksOf, linksOf, problemIn, tablesOf } from './structure/markdown.ts';
import { root } from './structure/tree.ts';

const read = (path: string) => readFileSync(root + path, 'utf8');
const documents = globSync(['*.md', '{docs,src,examples,test,bench}/**/*.md'], { cwd: root })
  .map((path) => path.replaceAll(sep, '/'))
  .toSorted();

/** Each protocol's words for the codes, as `docs/errors.md` has them under the protocol's name. */
const mappings: { readonly [protocol: string]: readonly (readonly string[])[] } = {
  git: Object.entries(errorCodes).map(([code, { http }]) => [code, String(http), `\`ERR Chaperone ${code}: …\``, `\`ng REF ${code}: …\``]),
  http: Object.entries(errorCodes).map(([code, { http }]) => [code, String(http), '1008']),
  postgres: Object.entries(sqlstates).map(([code, { door, session }]) => [code, door, session]),
};

describe('the documents', () => {
  test('are found', () => assert.ok(documents.length > 10 && documents.includes('docs/architecture.md')));

  for (const path of documents) {
    test(`${path}: its links lead somewhere`, () =>
      assert.deepEqual(
        linksOf(read(path)).flatMap((link) => brokenLink(path, link)),
        [],
      ));

    if (/^(README|docs\/)/.test(path) && blocksOf(read(path)).length > 0)
      test(`${path}: its code is run or parses`, () =>
        assert.deepEqual(
          blocksOf(read(path)).flatMap((block) => unproven(path, block)),
          [],
        ));
  }

  test('every decision is in the list of decisions', () => {
    const pages = readdirSync(`${root}docs/decisions`).filter((name) => name !== 'README.md');
    const listed = new Set(linksOf(read('docs/decisions/README.md')));
    assert.deepEqual(
      pages.filter((name) => !listed.has(name)),
      [],
    );
  });

  test('every decision says why, what was refused and what follows', () => {
    for (const path of documents.filter((name) => /^docs\/decisions\/\d/.test(name)))
      for (const part of path.includes('dependencies') ? ['Why'] : ['Why', 'Refused', 'What follows'])
        assert.ok(read(path).includes(`**${part}.**`), `${path} lacks "${part}"`);
  });
});

describe('docs/errors.md', () => {
  const sections = read('docs/errors.md').split(/^## /m);

  test('has every code of core, in its order and words, and no other', () => {
    const expected = Object.entries(errorCodes).map(([code, { http, says }]) => [code, String(http), says]);
    assert.deepEqual(tablesOf(sections[0] ?? '')[0], expected);
  });

  for (const protocol of readdirSync(`${root}src/protocols`))
    test(`has what ${protocol} makes of every code`, () => {
      const section = sections.find((text) => text.startsWith(`${protocol}\n`)) ?? '';
      assert.deepEqual(tablesOf(section)[0], mappings[protocol]);
    });
});

describe('docs/decisions/11-dependencies.md', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as {
    readonly [group: string]: { readonly [name: string]: string };
  };
  const paragraphs = read('docs/decisions/11-dependencies.md').split(/\n\n+/);
  const named = paragraphs.flatMap(namesAtTheStart);

  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
    test(`${name} has its reason in writing and an exact version`, () => {
      assert.ok(named.includes(name), 'no paragraph begins with it');
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
    });

  test('the lock file names no registry', () => assert.ok(!read('package-lock.json').includes('"resolved"')));
});

describe('the check of documents', () => {
  const cases: readonly { readonly name: string; readonly block: Block; readonly found: RegExp | null }[] = [
    { name: 'sound YAML', block: { language: 'yaml', text: 'a: [1, 2]', line: 1, run: null }, found: null },
    { name: 'broken YAML', block: { language: 'yaml', text: 'a: [1, 2', line: 1, run: null }, found: /a\.md:1 yaml/ },
    { name: 'broken JSON', block: { language: 'json', text: '{ "a": }', line: 1, run: null }, found: /a\.md:1 json/ },
    { name: 'sound TOML', block: { language: 'toml', text: '[a.b]\nc = "d"\n# e\nf = [1]', line: 1, run: null }, found: null },
    { name: 'broken TOML', block: { language: 'toml', text: '[a\nb', line: 1, run: null }, found: /a\.md:1 toml/ },
    { name: 'sound TypeScript', block: { language: 'ts', text: 'const a: number = await b();', line: 1, run: null }, found: null },
    { name: 'broken TypeScript', block: { language: 'ts', text: 'const a: = 1;', line: 1, run: null }, found: /a\.md:1 ts/ },
    { name: 'a command that no test runs', block: { language: 'sh', text: 'ls', line: 4, run: null }, found: /a\.md:4 .*no test/ },
    {
      name: 'a command with a test that is gone',
      block: { language: 'sh', text: 'ls', line: 4, run: 'test/none.test.ts' },
      found: /no such test/,
    },
    {
      name: 'a command with a test of something else',
      block: { language: 'sh', text: 'ls', line: 4, run: 'test/layers.test.ts' },
      found: /does not read/,
    },
    { name: 'a language of no check', block: { language: 'cobol', text: '', line: 4, run: null }, found: /cobol/ },
    { name: 'a drawing', block: { language: 'text', text: '->', line: 4, run: null }, found: null },
  ];
  for (const { name, block, found } of cases)
    test(`finds ${name}`, () => {
      const problems = unproven('docs/a.md', block);
      if (found === null) assert.deepEqual(problems, []);
      else assert.match(problems.join(), found);
    });

  test('finds blocks, and what runs them', () => {
    const text =
      'a\n\n<!-- run: test/a.test.ts -->\n```sh\nls\n```\n\n- b\n  ```yaml\n  c: 1\n  ```\n\n````markdown\n```sh\nno\n```\n````\n';
    assert.deepEqual(blocksOf(text), [
      { language: 'sh', text: 'ls', line: 4, run: 'test/a.test.ts' },
      { language: 'yaml', text: 'c: 1', line: 9, run: null },
      { language: 'markdown', text: '```sh\nno\n```', line: 13, run: null },
    ]);
  });

  test('finds links, and not those in code', () => {
    assert.deepEqual(linksOf('[a](b.md) `[c](d.md)` ![e](f.svg "g")\n```text\n[h](i.md)\n```\n[j](k.md#l)'), ['b.md', 'f.svg', 'k.md#l']);
    assert.match(brokenLink('docs/errors.md', 'none.md').join(), /none\.md/);
    assert.match(brokenLink('docs/errors.md', 'architecture.md#none').join(), /#none/);
    assert.deepEqual(brokenLink('docs/errors.md', 'architecture.md#adding-a-protocol'), []);
  });
});

/** Links into the net are not followed: a test must not depend on it. */
function brokenLink(from: string, link: string): string[] {
  if (/^[a-z]+:/.test(link)) return [];
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : posix.join(posix.dirname(from), path);
  if (!existsSync(root + target)) return [`${from}: ${link} does not exist`];
  if (anchor === undefined || !target.endsWith('.md') || anchorsOf(read(target)).includes(anchor)) return [];
  return [`${from}: ${target} has no heading #${anchor}`];
}

/** Why a block of code in a document may be wrong without anybody noticing; nothing where a test would notice. */
function unproven(path: string, block: Block): string[] {
  const where = `${path}:${block.line} ${block.language}`;
  if (block.language !== 'sh') {
    const problem = problemIn(block);
    return problem === null ? [] : [`${where}: ${problem}`];
  }
  if (block.run === null) return [`${where}: no test runs it; see "Documentation" in CONTRIBUTING.md`];
  if (!existsSync(root + block.run)) return [`${where}: there is no such test as ${block.run}`];
  return read(block.run).includes(posix.basename(path)) ? [] : [`${where}: ${block.run} does not read ${path}`];
}

/** The bold names that a paragraph begins with: `**a**, **b** are …`. */
function namesAtTheStart(text: string): string[] {
  const start = /^(\*\*[^*]+\*\*(, | and )?)+/.exec(text)?.[0] ?? '';
  return [...start.matchAll(/\*\*([^*]+)\*\*/g)].map((match) => match[1] ?? '');
}
