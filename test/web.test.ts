import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import { describe, test } from 'node:test';
import { parseSync, Visitor } from 'oxc-parser';
import { contrast, difference, parseHex, visions } from './structure/colour.ts';
import { cycles } from './structure/layers.ts';
import type { Module } from './structure/module.ts';
import { root, treeOf } from './structure/tree.ts';

const paths = globSync('web/src/**/*.{ts,tsx}', { cwd: root }).map((path) => path.replaceAll(sep, '/'));
const texts = Object.fromEntries(paths.toSorted().map((path) => [path, readFileSync(root + path, 'utf8')]));
const tree = treeOf(texts);
const modules = [...tree.values()];

/** The libraries of the page, each with its reason in docs/decisions/22-console-libraries.md. */
const libraries =
  /^(react|react-dom\/client|@tanstack\/react-(query|router|virtual)|@codemirror\/[a-z]+|diff2html|@xterm\/headless|vite\/client)$/;
const contract = 'src/api/contract.ts';

describe('the console’s sources', () => {
  test('are found', () => assert.ok(modules.length > 40));

  test('know the server by the types of its contract, and those in one place', () => {
    const foreign = modules.flatMap((module) =>
      module.imports.flatMap((edge) => (isAllowed(module, edge) ? [] : [`${module.path}:${edge.line} imports ${edge.target}`])),
    );
    assert.deepEqual(foreign, []);
  });

  test('import in no circle', () => assert.deepEqual(cycles(tree), []));

  test('keep to the budgets of the source tree', () => {
    const long = modules.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines}`);
    const functions = modules
      .flatMap(({ path, functions: all }) => all.map((size) => ({ ...size, path })))
      .filter(({ lines }) => lines > 60);
    const unwanted = modules.flatMap((module) => module.unwanted.map(({ what, line }) => `${module.path}:${line} ${what}`));
    assert.deepEqual([...long, ...functions.map(({ path, line, lines }) => `${path}:${line}: ${lines}`), ...unwanted], []);
    const sizes = modules.map(({ lines }) => lines).toSorted((a, b) => a - b);
    assert.ok((sizes[Math.floor(sizes.length / 2)] ?? 0) <= 100);
  });

  test('make no markup of text, and no code', () => {
    const banned =
      /dangerouslySetInnerHTML|\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|new Function|srcdoc/i;
    const found = Object.entries(texts).flatMap(([path, text]) => (banned.test(text) ? [path] : []));
    assert.deepEqual(found, []);
    const off = modules.flatMap(({ path, comments }) =>
      comments.filter(({ what }) => /(oxlint|eslint)-disable|@ts-|biome-ignore/.test(what)).map(({ line }) => `${path}:${line}`),
    );
    assert.deepEqual(off, []);
  });

  test('have every word in src/text.ts and its folder', () => {
    const found = Object.entries(texts).flatMap(([path, text]) => wordsWithin(path, text));
    assert.deepEqual(found, []);
  });
});

function isAllowed({ path }: Module, { target, isType }: Module['imports'][number]): boolean {
  if (target === contract) return isType && path === 'web/src/api/types.ts';
  if (target.startsWith('web/src/')) return texts[target] !== undefined || target.endsWith('.css');
  return libraries.test(target) || (isType && target === 'zod');
}

/** Texts between tags: what a reader reads must stand in the one file of words. */
function wordsWithin(path: string, text: string): string[] {
  if (!path.endsWith('.tsx')) return [];
  const found: string[] = [];
  const line = (offset: number) => text.slice(0, offset).split('\n').length;
  new Visitor({
    JSXText: ({ value, start }) => {
      // NULL is SQL's own word, drawn as a token.
      if (/\p{L}{2}/u.test(value) && value.trim() !== 'NULL') found.push(`${path}:${line(start)} ${value.trim()}`);
    },
  }).visit(parseSync(posix.basename(path), text).program);
  return found;
}

describe('the colours', () => {
  const tokens = readFileSync(`${root}web/src/style/tokens.css`, 'utf8');
  const pairs = [...tokens.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)];
  const verdicts = ['permitted', 'approved', 'held', 'refused', 'masked', 'gap'];
  const surfaces = ['canvas', 'raised', 'sunken'];

  for (const [scheme, group] of [
    ['light', 2],
    ['dark', 3],
  ] as const) {
    const colours = new Map(pairs.map((match) => [match[1] ?? '', parseHex(match[group] ?? '')]));
    const of = (name: string) => colours.get(name) ?? assert.fail(`there is no --${name}`);

    test(`${scheme}: text is read on every surface (WCAG 1.4.3)`, () => {
      for (const text of ['ink', 'quiet', ...verdicts])
        for (const surface of surfaces) assert.ok(contrast(of(text), of(surface)) >= 4.5, `${text} on ${surface}`);
      for (const verdict of verdicts) assert.ok(contrast(of(verdict), of(`${verdict}-tint`)) >= 4.5, `${verdict} on its tint`);
      for (const verdict of verdicts) assert.ok(contrast(of('ink'), of(`${verdict}-tint`)) >= 4.5, `ink on the tint of ${verdict}`);
      for (const verdict of verdicts) assert.ok(contrast(of('quiet'), of(`${verdict}-tint`)) >= 4.5, `quiet on the tint of ${verdict}`);
      assert.ok(contrast(of('canvas'), of('ink')) >= 7);
    });

    test(`${scheme}: the borders of what can be pressed are seen (WCAG 1.4.11)`, () => {
      for (const surface of surfaces) assert.ok(contrast(of('control'), of(surface)) >= 3, `control on ${surface}`);
    });

    for (const [vision, seen] of Object.entries(visions))
      test(`${scheme}: verdicts stay apart for ${vision}`, () => {
        for (const [place, one] of verdicts.entries())
          for (const other of verdicts.slice(place + 1))
            assert.ok(
              difference(seen(of(one)), seen(of(other))) >= 12,
              `${one} and ${other}: ${difference(seen(of(one)), seen(of(other)))}`,
            );
      });
  }

  test('are all of them: no other file names a colour', () => {
    const files = globSync('web/src/**/*.{ts,tsx,css}', { cwd: root }).filter((path) => !path.endsWith('tokens.css'));
    const found = files.filter((path) => /#[0-9a-f]{6}\b|#[0-9a-f]{3}\b(?!\w)|\brgba?\(|\bhsl/i.test(readFileSync(root + path, 'utf8')));
    assert.deepEqual(found, []);
  });
});
