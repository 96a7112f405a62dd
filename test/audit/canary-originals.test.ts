import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readEntries } from '../../src/archive/read.ts';
import type { Entry } from '../../src/core/entry.ts';
import { type House, openHouse } from '../e2e/house.ts';
import { find, type Haystack, textNeedle } from '../e2e/secret-forms.ts';
import { type Auditor, makeAuditor } from '../rig/auditor.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import { copies, sessions } from './canary/commands.ts';
import { masking, policies } from './canary/rules.ts';
import { canaries, needles, note, sampleStatements } from './canary/sample.ts';
import { filesIn } from './canary/state-files.ts';
import { ways } from './canary/ways.ts';

const run = promisify(execFile);
/** Every value as PostgreSQL writes it; of jsonb, which it writes in another order, a word. */
const values = [...canaries.flatMap(({ type, values: both }) => (type === 'jsonb' ? both.map(wordOf) : both)), ...note];

function wordOf(json: string): string {
  return /"who": "([^"]+)"/.exec(json)?.[1] ?? json;
}

let house: House;
let tap: Tap;
let auditor: Auditor;
const haystacks: Haystack[] = [];
/** Every session's entries, as they stand in the recordings. */
const recorded: Entry[] = [];

before(async () => {
  auditor = await makeAuditor();
  house = await openHouse({ policies, masking: { ...masking, originals: { recipients: [auditor.recipient] } } });
  tap = await startTap(house.port);
  const direct = await house.database.direct();
  for (const statement of sampleStatements()) await direct.query(statement);
  await direct.end();
  await readEverything();
  await collect();
});
after(async () => {
  await tap.close();
  await house[Symbol.asyncDispose]();
});

/** Reads all that the other canaries read, without looking at each. */
async function readEverything(): Promise<void> {
  for (const binary of [false, true]) {
    const client = await house.connect('sealed', { port: tap.port });
    for (const [text] of ways) {
      const query = { text, rowMode: 'array' as const, ...(binary && { queryMode: 'extended', binary }) };
      // Some ways are ones that the target refuses.
      await client.query(query).catch(() => null);
    }
    await client.end();
  }
  const env = { ...process.env, ...house.environment('sealed'), PGPORT: String(tap.port) };
  const said: readonly (readonly string[])[] = [...copies.map((copy) => [copy]), ...sessions.map(([, ...commands]) => commands)];
  for (const commands of said)
    await run('psql', ['-X', ...commands.flatMap((command) => ['-c', command])], { env, encoding: 'latin1' }).catch(() => null);
  await house.over('sealed', said.length + 2);
}

async function collect(): Promise<void> {
  const add = (where: string, content: Buffer | string) => haystacks.push({ where, bytes: Buffer.from(content) });
  for (const [index, { reply }] of tap.lines().entries()) add(`what client ${index} was sent`, reply);
  const auditors = (route: string) => house.read('auditor', `/api/v1${route}`);
  const all = await house.sessions('auditor', 'run=sealed');
  for (const { id } of all) {
    add(`recording ${id}`, await auditors(`/sessions/${id}/recording`));
    add(`what is sealed in ${id}`, await auditors(`/sessions/${id}/originals`));
    add(`exchanges of ${id}`, await auditors(`/sessions/${id}/exchanges?limit=1000`));
  }
  add('what the gateway logged', house.gateway.stderr() + house.gateway.stdout());
  await house.gateway.stop();
  for await (const file of filesIn(house.state)) haystacks.push(file);
  for (const { id } of all) recorded.push(...(await Array.fromAsync(readEntries(house.state, id))));
}

describe('masked values whose originals are sealed', () => {
  test('are nowhere in clear', () => assert.deepEqual(find(needles(), haystacks).slice(0, 20), []));

  test('are all there for who has the key', async () => {
    const opened = (await auditor.open(recorded)).flatMap((entry) => (entry.kind === 'bytes' && entry.original ? [entry.bytes] : []));
    const found = [{ where: 'what was opened', bytes: Buffer.concat(opened) }];
    assert.deepEqual(
      values.filter((value) => find([textNeedle(value, value)], found).length === 0),
      [],
    );
  });
});
