import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { linesOf } from '../../src/sql/testing/sample.ts';
import { type BypassSite, openBypassSite, say } from './bypass-site.ts';
import { schemes } from './bypass-schemes.ts';

const refused = /^[^]+ is refused by "read-only": Only reading is allowed here\.$/;
const hint =
  /^(Do|If that is a mistake, correct it; if not, do) what the rule asks for, or ask whoever writes the policies; a permit does not outweigh a forbid\.$/;

/** What these sessions have prepared before, where a text uses it. */
const preparations: readonly (readonly [name: RegExp, text: string])[] = [
  [/\bprepared_delete\b/, 'prepare prepared_delete (int) as delete from orders where id = $1'],
  [/\bprepared_select\b/, 'prepare prepared_select (int) as select * from users where id = $1'],
  [/\breading\b/, 'begin; declare reading cursor for select * from users'],
];

describe('who may only read', { timeout: 300_000 }, () => {
  let site: BypassSite;
  before(async () => {
    site = await openBypassSite();
  });
  after(() => site[Symbol.asyncDispose]());

  const hiding = [
    ...linesOf('hiding.txt').map((line) => line.split(' :: ') as [string, string]),
    ...schemes.map((text) => ['', text] as const),
  ];

  for (const mode of ['simple', 'extended'] as const)
    test(`${hiding.length} attempts at more by the ${mode} protocol are refused, or do nothing`, async () => {
      const client = await site.agent();
      const wrong: string[] = [];
      const watch = await openWatch(site);
      let stopped = 0;
      for (const [expected, text] of hiding) {
        await prepareFor(text, client);
        const { code, words, hint: next } = await say(client, text, mode);
        const done = await watch.look(text);
        if (done !== null) wrong.push(done);
        if (code === '42501') {
          stopped += 1;
          if (!refused.test(words) || !hint.test(next)) wrong.push(`is refused in other words: ${text}\n  ${words} ${next}`);
        } else if (/^(write|schema|admin|unknown) /.test(expected)) wrong.push(`passed: ${text}\n  ${code ?? 'ok'} ${words}`);
        await forget(client);
      }
      await client.end();
      const done = await watch.look('the last ones', true);
      assert.deepEqual([...wrong, ...(done === null ? [] : [done])], []);
      assert.ok(stopped >= 300, `${stopped} were refused`);
    });

  test('nothing that was refused reached the target', async () => {
    const log = await site.log();
    const client = await site.agent();
    const reached: string[] = [];
    for (const [, text] of hiding) {
      if (text.length < 20 || text.includes('\n') || !new RegExp(`(statement|execute [^:]*): ${escaped(text)}$`, 'm').test(log)) continue;
      await prepareFor(text, client);
      if ((await say(client, text, 'simple')).code === '42501') reached.push(text);
      await forget(client);
    }
    await client.end();
    assert.deepEqual(reached, []);
  });

  const harmless = linesOf('harmless.txt');
  for (const mode of ['simple', 'extended'] as const)
    test(`${harmless.length} statements of drivers, mappers and tools by the ${mode} protocol pass, and are answered as directly`, async () => {
      const [client, direct] = [await site.agent(), await site.direct()];
      const wrong: string[] = [];
      for (const text of harmless) {
        for (const one of [client, direct]) await prepareFor(text, one);
        const [told, expected] = [await say(client, text, mode), await say(direct, text, mode)];
        if (told.code !== expected.code) wrong.push(`${text}\n  ${told.code} ${told.words} in place of ${expected.code} ${expected.words}`);
        else if (shown(text, told.results) !== shown(text, expected.results)) wrong.push(`${text}\n  is answered otherwise`);
        await forget(client);
        await forget(direct);
      }
      await client.end();
      await direct.end();
      assert.deepEqual(wrong, []);
    });
});

async function prepareFor(text: string, client: Client): Promise<void> {
  for (const [name, preparation] of preparations) if (name.test(text)) await client.query(preparation);
}

async function forget(client: Client): Promise<void> {
  await client.query('rollback');
  await client.query('discard all');
}

/** What differs from one answer to the next. */
const fleeting =
  /now\(|current_timestamp|localtime|timeofday|random|uuid|backend_pid|pg_stat|pg_locks|txid|xact|clock|postmaster|conf_load|inet_|analyze|pg_current|notif|snapshot|pg_settings|show all|age\(|_size|cursors|prepared_statements|listening|temp_schema|application_name|tablesample/i;

function shown(text: string, results: Awaited<ReturnType<typeof say>>['results']): string {
  return JSON.stringify(fleeting.test(text) ? results.map(({ columns }) => columns) : results);
}

/** What is looked at after each statement only where it has written, and else after so many. */
const lookEvery = 100;

async function openWatch(site: BypassSite) {
  let [quick, whole, passed] = [await site.quickly(), await site.evidence(), 0];
  return {
    /** What has changed since the last look; null where nothing has. */
    look: async (text: string, surely = false): Promise<string | null> => {
      const now = await site.quickly();
      passed += 1;
      if (now === quick && passed < lookEvery && !surely) return null;
      const found = await site.evidence();
      const changed = found === whole ? null : `did something, at the latest: ${text}\n  ${changes(whole, found)}`;
      [quick, whole, passed] = [now, found, 0];
      return changed;
    },
  };
}

function changes(before: string, now: string): string {
  type Evidence = readonly { readonly what: string; readonly digest: string }[];
  const [old, young] = [JSON.parse(before) as Evidence, JSON.parse(now) as Evidence];
  const changed = young.filter(({ what, digest }) => !old.some((one) => one.what === what && one.digest === digest));
  return changed.map(({ what }) => what).join(', ');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
