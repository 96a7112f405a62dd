import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { violations } from './structure/layers.ts';
import { sourceTree, treeOf } from './structure/tree.ts';

/** A small tree that breaks nothing; each case adds or replaces a file. */
const sound = {
  'src/core/verdict.ts': 'export function permit() { return {} as Permit; }\nexport type Permit = { readonly a: 1 };',
  'src/core/proof.ts': 'export function mintCleared() {}\nexport function mintWitnessed() {}',
  'src/core/crossing.ts':
    "import { mintCleared } from './proof.ts';\nimport type { ZodType } from 'zod';\nimport type { Socket } from 'node:net';",
  'src/wire/reader.ts': "import { Socket } from 'node:net';\nexport const reader = Socket;",
  'src/stages/policy/judge.ts': "import { permit } from '../../core/verdict.ts';\nexport const judge = permit;",
  'src/stages/policy/judge.test.ts': "import { mintCleared } from '../../core/proof.ts';\nexport const name = 'tortoise';",
  'src/archive/worker.ts': 'export const archive = 1;',
  'src/archive/start.ts':
    "export const worker = new URL('./worker.ts', import.meta.url);\nexport const page = new URL('./page.sql', import.meta.url);",
  'src/protocols/tortoise/index.ts':
    "import { open } from './client.ts';\nimport type { TLSSocket } from 'node:tls';\nexport const name = 'tortoise';",
  'src/protocols/tortoise/client.ts': "import { connect } from 'node:net';\nexport const open = connect;",
  'src/protocols/hare/index.ts': "export const name = 'hare';",
  'src/gateway/load.ts': 'export const load = (name: string) => import(`../protocols/${name}/index.ts`);',
  'src/cli/quickstart/configuration.ts': "export const protocol = 'tortoise';",
  'src/main.ts': "import { load } from './gateway/load.ts';\nimport { page } from './archive/start.ts';\nexport const run = [load, page];",
};

const broken: readonly { readonly name: string; readonly path: string; readonly text: string; readonly found: RegExp }[] = [
  {
    name: 'a static import to the right',
    path: 'src/core/a.ts',
    text: "import { run } from '../main.ts';",
    found: /core\/a.ts:1 imports src\/main.ts/,
  },
  {
    name: 'a type to the right',
    path: 'src/wire/a.ts',
    text: "import type { Permit } from '../core/verdict.ts';",
    found: /wire may import core\/secret/,
  },
  {
    name: 'a type named in an import()',
    path: 'src/sql/a.ts',
    text: "export type A = import('../core/verdict.ts').Permit;",
    found: /sql may import nothing/,
  },
  {
    name: 'a re-export',
    path: 'src/archive/a.ts',
    text: "export * from '../stages/policy/judge.ts';",
    found: /archive may import core, wire, sql/,
  },
  {
    name: 'a dynamic import',
    path: 'src/stages/policy/a.ts',
    text: "export const a = import('../../archive/start.ts');",
    found: /stages may import/,
  },
  {
    name: 'a worker',
    path: 'src/gateway/a.ts',
    text: "export const a = new URL('../cli/quickstart/configuration.ts', import.meta.url);",
    found: /gateway may import/,
  },
  {
    name: 'a stage that imports another',
    path: 'src/stages/masking/a.ts',
    text: "import '../policy/judge.ts';",
    found: /another folder of stages/,
  },
  {
    name: 'a protocol that imports another',
    path: 'src/protocols/hare/a.ts',
    text: "import '../tortoise/index.ts';",
    found: /another folder of protocols/,
  },
  { name: 'gateway and api', path: 'src/api/a.ts', text: "import '../gateway/load.ts';", found: /api may import/ },
  { name: 'a protocol imported by main', path: 'src/main.ts', text: "import './protocols/hare/index.ts';", found: /main may import/ },
  { name: 'a folder without a row', path: 'src/utils/a.ts', text: "import '../core/verdict.ts';", found: /stands in no layer/ },
  { name: 'a way out of src', path: 'src/cli/a.ts', text: "import '../../test/support.ts';", found: /outside of src/ },
  { name: 'what only tests may use', path: 'src/archive/a.ts', text: "import './testing/journal.ts';", found: /is for tests/ },
  { name: 'a library in core', path: 'src/core/a.ts', text: "import { z } from 'zod';", found: /core imports nothing/ },
  { name: 'a socket in core', path: 'src/core/a.ts', text: "import { Socket } from 'node:net';", found: /core imports nothing/ },
  {
    name: 'a socket beside the two files',
    path: 'src/protocols/hare/a.ts',
    text: "import { connect } from 'node:tls';",
    found: /only client.ts and upstream.ts/,
  },
  {
    name: 'a client of HTTP beside the two files',
    path: 'src/protocols/hare/a.ts',
    text: "import { Agent } from 'undici';",
    found: /only client.ts and upstream.ts/,
  },
  {
    name: 'a computed import',
    path: 'src/api/a.ts',
    text: 'export const a = (path: string) => import(path);',
    found: /only the gateway loads by name/,
  },
  {
    name: 'a computed worker',
    path: 'src/api/a.ts',
    text: 'export const a = (x: string) => new URL(x, import.meta.url);',
    found: /only the gateway/,
  },
  {
    name: 'a permit from elsewhere',
    path: 'src/stages/identity/a.ts',
    text: "import { permit } from '../../core/verdict.ts';",
    found: /may not import permit/,
  },
  {
    name: 'a permit under another name',
    path: 'src/api/a.ts',
    text: "import { permit as yes } from '../core/verdict.ts';",
    found: /may not import permit/,
  },
  {
    name: 'a permit by the whole module',
    path: 'src/api/a.ts',
    text: "import * as verdict from '../core/verdict.ts';",
    found: /may not import permit/,
  },
  { name: 'a permit passed on', path: 'src/core/a.ts', text: "export { permit } from './verdict.ts';", found: /may not import permit/ },
  {
    name: 'clearing elsewhere',
    path: 'src/protocols/hare/a.ts',
    text: "import { mintCleared } from '../../core/proof.ts';",
    found: /may not import mintCleared/,
  },
  {
    name: 'a reply shown without masking',
    path: 'src/protocols/hare/replies.ts',
    text: "import { mintShown } from '../../core/proof.ts';",
    found: /may not import mintShown/,
  },
  {
    name: 'a reply claimed to be masked',
    path: 'src/protocols/hare/replies.ts',
    text: 'export const a = {} as Shown;',
    found: /claims to have a proof/,
  },
  {
    name: 'a proof claimed',
    path: 'src/protocols/hare/a.ts',
    text: 'export const a = {} as unknown as Cleared;',
    found: /claims to have a proof/,
  },
  {
    name: 'a lint rule switched off',
    path: 'src/core/a.ts',
    text: '// oxlint-disable-next-line no-console\nexport const a = 1;',
    found: /a.ts:1 switches a check off/,
  },
  {
    name: 'the compiler switched off',
    path: 'src/core/a.ts',
    text: 'export const a = 1;\n/* @ts-ignore */',
    found: /a.ts:2 switches a check off/,
  },
  {
    name: 'the compiler expected to fail, in a test',
    path: 'src/core/a.test.ts',
    text: '// @ts-expect-error',
    found: /switches a check off/,
  },
  {
    name: "a protocol's name",
    path: 'src/gateway/a.ts',
    text: "export const isSlow = (name: string) => name === 'tortoise';",
    found: /names the protocol "tortoise"/,
  },
  { name: "a protocol's name as a type", path: 'src/api/a.ts', text: "export type Name = 'hare';", found: /names the protocol "hare"/ },
  {
    name: "a protocol's name as a template",
    path: 'src/api/a.ts',
    text: 'export const name = `hare`;',
    found: /names the protocol "hare"/,
  },
  {
    name: "a protocol's name in another's folder",
    path: 'src/protocols/hare/a.ts',
    text: "export const name = 'tortoise';",
    found: /names the protocol/,
  },
  {
    name: 'a module that imports itself by another',
    path: 'src/archive/worker.ts',
    text: "import './start.ts';",
    found: /in a circle: src\/archive\/worker.ts, src\/archive\/start.ts/,
  },
  {
    name: 'a circle of types',
    path: 'src/core/proof.ts',
    text: "import type { A } from './crossing.ts';",
    found: /in a circle: src\/core\/proof.ts, src\/core\/crossing.ts/,
  },
];

describe('the order of the source tree', () => {
  test('holds', () => {
    const tree = sourceTree();
    assert.ok(tree.size > 30, `only ${tree.size} modules were found`);
    assert.ok([...tree.values()].flatMap(({ imports }) => imports).length > tree.size, 'too few imports were found');
    assert.deepEqual(violations(tree), []);
  });

  test('is not seen broken where it is sound', () => assert.deepEqual(violations(treeOf(sound)), []));

  for (const { name, path, text, found } of broken)
    test(`is seen broken by ${name}`, () => {
      const all = violations(treeOf({ ...sound, [path]: text }));
      assert.ok(
        all.some((violation) => found.test(violation)),
        `found only: ${all.join('; ')}`,
      );
    });

  test('is not judged where a file cannot be read', () => assert.throws(() => treeOf({ 'src/core/a.ts': 'import {' }), /src\/core\/a.ts/));
});
