import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BacktestFindings } from '../../src/api/backtest/run.ts';
import type { DraftFindings } from '../../src/stages/policy/draft.ts';
import { eventually } from './demonstration.ts';
import { type House, openHouse } from './house.ts';

const first = '@id("workers") permit (principal in Group::"engineering", action, resource);\n';
const second = `${first}@id("no-ddl") forbid (principal, action in Action::"schema", resource);\n`;

describe('policies in the console', { timeout: 60_000 }, () => {
  let house: House;
  before(async () => {
    house = await openHouse({ policies: first });
  });
  after(() => house[Symbol.asyncDispose]());

  const read = async <Answer>(route: string) => JSON.parse(await house.read('auditor', `/api/v1${route}`)) as Answer;
  const check = async (files: readonly { name: string; text: string }[]) => {
    const headers = { authorization: `Bearer ${house.tokens.auditor}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ files });
    const response = await fetch(`${house.gateway.console}/api/v1/policies/check`, { method: 'POST', headers, body });
    return { status: response.status, answer: (await response.json()) as DraftFindings };
  };
  const inForce = async () => (await read<{ items: { id: string }[] }>('/policies')).items.map(({ id }) => id);

  it('a draft is read as the folder is, and changes nothing', async () => {
    const sound = await check([{ name: 'a.cedar', text: second }]);
    assert.equal(sound.answer.kind === 'sound' && sound.answer.policies.join(), 'workers,no-ddl');
    const unsound = await check([
      { name: 'a.cedar', text: first },
      { name: 'sub/b.cedar', text: '\npermit (principal, action == Action::"no:such", resource);' },
    ]);
    assert.equal(unsound.answer.kind, 'unsound');
    assert.deepEqual(unsound.answer.kind === 'unsound' && unsound.answer.problems.map(({ file, line }) => [file, line]), [
      ['sub/b.cedar', 2],
    ]);
    assert.deepEqual(await inForce(), ['workers']);
  });

  it('a draft is tried on what was recorded, the newly permitted first', async () => {
    const client = await house.connect('tried', { password: house.tokens.engineer });
    await client.query('create table tried (a int)');
    await client.query('select 1');
    await client.query('select 2');
    await client.end();
    await house.over('tried');
    await assert.rejects(house.connect('tried', { password: house.tokens.dba }));
    const tested = async (text: string) => {
      const headers = { authorization: `Bearer ${house.tokens.auditor}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ files: [{ name: 'a.cedar', text }] });
      const response = await fetch(`${house.gateway.console}/api/v1/policies/test`, { method: 'POST', headers, body });
      const answer = (await response.json()) as BacktestFindings;
      return answer.kind === 'tested' ? answer : assert.fail(JSON.stringify(answer));
    };
    const same = await tested(first);
    assert.deepEqual([same.changes, same.complete], [[], true]);
    const stricter = await tested(second);
    assert.deepEqual(
      stricter.changes.map(({ was, now, text, policies }) => [was, now, text, policies]),
      [['permitted', 'refused', 'create table tried (a int)', ['no-ddl']]],
    );
    const other = await tested(first.replace('engineering', 'dba'));
    assert.deepEqual([other.changes[0]?.was, other.changes[0]?.now, other.changes[0]?.action], ['refused', 'permitted', 'connect']);
    assert.ok(other.changes.slice(1).every(({ now }) => now === 'refused'));
    assert.deepEqual(await inForce(), ['workers']);
  });

  for (const name of ['../a.cedar', '/etc/a.cedar', 'a.txt', '.hidden.cedar', 'a/../../b.cedar', 'a//b.cedar'])
    it(`${name} is no name for a file of it`, async () => assert.equal((await check([{ name, text: '' }])).status, 400));

  it('every version that was in force can be read', async () => {
    await house.write(second);
    assert.ok(await eventually(async () => (await inForce()).length === 2));
    const kept = async () => (await read<{ items: { version: string; files: string[] }[] }>('/policies/versions')).items;
    assert.ok(await eventually(async () => (await kept()).length === 2), 'written once it is in force');
    const items = await kept();
    const texts = [];
    for (const { version } of items)
      texts.push((await read<{ texts: { text: string }[] }>(`/policies/versions/${version}`)).texts[0]?.text);
    assert.deepEqual(texts, [second, first]);
    const none = { headers: { authorization: `Bearer ${house.tokens.auditor}` } };
    assert.equal((await fetch(`${house.gateway.console}/api/v1/policies/versions/000000000000`, none)).status, 404);
    assert.equal((await fetch(`${house.gateway.console}/api/v1/policies/versions/..%2f..%2fx`, none)).status, 400);
  });
});
