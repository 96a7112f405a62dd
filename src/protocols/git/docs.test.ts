import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { tablesOf } from '../../../test/structure/markdown.ts';
import { actions, facts } from './actions.ts';
import { settings } from './settings.ts';
import { settingsOf } from './testing/trial.ts';

const page = readFileSync(new URL('../../../docs/protocols/git.md', import.meta.url), 'utf8');
const tableUnder = (heading: string) => tablesOf(page.split(`## ${heading}\n`)[1] ?? '')[0];

describe('the page on git', () => {
  test('has its actions as the code has them', () =>
    assert.deepEqual(
      tableUnder('Actions'),
      Object.entries(actions).map(([name, { effect, says }]) => [`\`${name}\``, effect, says]),
    ));

  test('has its facts as the code has them', () =>
    assert.deepEqual(
      tableUnder('Facts'),
      Object.entries(facts).map(([name, { kind, says }]) => [`\`${name}\``, kind, says]),
    ));

  test('has its limits as the code has them', () => {
    const { limits } = settings.parse(settingsOf(1)).target;
    const rows = tableUnder('A push') ?? [];
    const units: { readonly [unit: string]: number } = { MiB: 1_048_576, GiB: 1_073_741_824, m: 60_000 };
    const said = rows.map(([key = '', value = '']) => {
      const unit = value.replace(/^\d+/, '');
      return [key.replaceAll('`', ''), Number.parseInt(value, 10) * (units[unit] ?? 1)];
    });
    assert.deepEqual(Object.fromEntries(said), limits);
  });
});
