import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { type Lineage, statementLineage } from './lineage.ts';
import { parseStatements } from './parse.ts';
import { contextOf, linesOf, type Sample, sampleServer } from './testing/sample.ts';

/** What the fixtures call the sample's columns. */
const letters: { readonly [letter: string]: string } = {
  I: 'public.users.id',
  N: 'public.users.name',
  E: 'public.users.email',
  P: 'public.users.phone',
  C: 'public.users.created',
  A: 'public.orders.id',
  U: 'public.orders.user_id',
  T: 'public.orders.total',
  O: 'public.orders.note',
  S: 'public.payroll.salary',
  V: 'app.settings.key',
  G: 'public.events.id',
  H: 'public.events.at',
  W: 'public.events.who',
  D: 'public.animals.label',
  M: '"Odd Name"."Mixed Case".select',
};
const named = new Map(Object.entries(letters).map(([letter, name]) => [name, letter]));

/** A source of a view is named beside those behind it; the fixtures name only what is stored, and each family once. */
function shownSources(sources: Lineage['whole']): string {
  if (sources === 'unknown') return '?';
  const known = [...sources].flatMap((source) => named.get(source) ?? []).toSorted();
  return known.length === 0 ? '-' : known.join('+');
}

function shown(lineage: Lineage | null): string {
  if (lineage === null) return 'none';
  if (lineage.columns === null) return shownSources(lineage.whole);
  return lineage.columns.map(({ sources }) => shownSources(sources)).join(' | ');
}

const sorted = (expected: string): string =>
  expected
    .split(' | ')
    .map((column) => column.split('+').toSorted().join('+'))
    .join(' | ');

let sample: Sample;
before(async () => {
  sample = await sampleServer();
});

async function lineageOf(text: string): Promise<Lineage | null> {
  const parsed = await parseStatements(text);
  assert.ok('statements' in parsed, text);
  const statement = parsed.statements.at(-1);
  assert.ok(statement);
  return statementLineage(statement, contextOf(sample.snapshot));
}

const cases = linesOf('lineage.txt').map((line) => line.split(' :: ') as [string, string]);

describe('where the columns of a result come from', () => {
  for (const [expected, text] of cases) test(text, async () => assert.equal(shown(await lineageOf(text)), sorted(expected)));

  test('what decides about rows stands apart', async () => {
    const lineage = await lineageOf(
      "select name from users join orders on orders.user_id = users.id where email = 'a' group by phone, name order by total",
    );
    assert.equal(shown(lineage), 'N');
    assert.equal(shownSources(lineage?.filters ?? 'unknown'), 'E+I+N+P+T+U');
  });

  test('a view and each of a family of tables are named too', async () => {
    const sources = async (text: string) => {
      const found = (await lineageOf(text))?.columns?.[0]?.sources ?? 'unknown';
      return found === 'unknown' ? found : [...found].toSorted();
    };
    assert.deepEqual(await sources('select contact from people_deep'), [
      'public.people.email',
      'public.people_deep.contact',
      'public.users.email',
    ]);
    assert.deepEqual(await sources('select who from events_2024'), ['public.events.who', 'public.events_2024.who']);
    assert.deepEqual(await sources('select who from events'), ['public.events.who', 'public.events_2024.who']);
  });

  test('a temporary table of an unknown name makes every unqualified one unknown', async () => {
    const parsed = await parseStatements('select email from users');
    assert.ok('statements' in parsed && parsed.statements[0]);
    assert.equal(shown(statementLineage(parsed.statements[0], contextOf(sample.snapshot, { temporary: null }))), '?');
    assert.equal(shown(statementLineage(parsed.statements[0], contextOf(sample.snapshot, { temporary: new Set(['users']) }))), '?');
  });
});

describe('what the server shows of a changed column', () => {
  /** For each letter a change of that column that leaves the rows as many as they are. */
  const changes: { readonly [letter: string]: string } = {
    E: "update users set email = 'changed' || id || '@example.net'",
    N: "update users set name = 'Zoe' || id",
    P: "update users set phone = '+1 555 010' || id",
    T: 'update orders set total = total + 1000',
    O: "update orders set note = 'other' || id",
    S: 'update payroll set salary = salary + 1000',
    W: "update events set who = 'Zoe'",
    D: "update animals set label = 'Max'",
  };

  test('is told by the lineage', async () => {
    const asked = [...cases.map(([, text]) => text), ...linesOf('harmless.txt')].filter((text) =>
      /^\W*(select|with|table|values|insert|update|delete|merge)\b/i.test(text),
    );
    // What the catalog, the clock and chance show differs by itself.
    const texts = asked.filter((text) => !/pg_|information_schema|now\(|ctid|txid|tablesample|random/i.test(text));
    const told: string[] = [];
    let differences = 0;
    const client = await sample.connect();
    try {
      for (const text of texts) {
        const before = await rowsOf(client, '', text);
        if (before === null || isUnsteady(before, await rowsOf(client, '', text))) continue;
        for (const [letter, change] of Object.entries(changes)) {
          const after = await rowsOf(client, change, text);
          const different = after === null ? [] : changed(before, after);
          differences += different.length;
          const lineage = different.length === 0 ? null : await lineageOf(text);
          for (const index of different)
            if (!tells(lineage, index, letters[letter] ?? '')) told.push(`${text}: column ${index} shows ${letter}`);
        }
      }
    } finally {
      await client.end();
    }
    assert.deepEqual(told, []);
    assert.ok(differences > 300, `${differences} differences`);
  });
});

type Rows = readonly (readonly string[])[];

async function rowsOf(client: Client, change: string, text: string): Promise<Rows | null> {
  await client.query('begin');
  try {
    await client.query("set local search_path = public; set local statement_timeout = '2s'");
    if (change !== '') await client.query(change);
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
    return rows.map((row) => row.map((cell) => JSON.stringify(cell) ?? ''));
  } catch {
    return null;
  } finally {
    await client.query('rollback');
  }
}

const isUnsteady = (before: Rows, again: Rows | null): boolean => JSON.stringify(before) !== JSON.stringify(again);

/** The columns whose cells are not the same, in whatever order the rows come. */
function changed(before: Rows, after: Rows): readonly number[] {
  const width = before[0]?.length ?? after[0]?.length ?? 0;
  const cells = (rows: Rows, index: number) =>
    rows
      .map((row) => row[index] ?? '')
      .toSorted()
      .join();
  return Array.from({ length: width }, (_, index) => index).filter((index) => cells(before, index) !== cells(after, index));
}

/** Whether the lineage has the column among the sources of this place, or among what decides about the rows. */
function tells(lineage: Lineage | null, index: number, source: string): boolean {
  if (lineage === null) return false;
  const sources = lineage.columns === null ? lineage.whole : (lineage.columns[index]?.sources ?? new Set());
  return [sources, lineage.filters].some((some) => some === 'unknown' || some.has(source));
}
