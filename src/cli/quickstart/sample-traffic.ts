import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { ChaperoneError, messageOf } from '../../core/errors.ts';

/** One statement, with its bind values; `fails` where the point is that it does. */
interface Step {
  readonly text: string;
  readonly values?: readonly (string | number)[];
  readonly fails?: true;
}

/** One session: who opens it, for which run, and what they do in it. A session without steps is turned away at the door. */
interface SampleSession {
  readonly token: string;
  readonly application: string;
  readonly steps: readonly Step[];
}

export interface SampleTokens {
  readonly agent: string;
  readonly dba: string;
  readonly stranger: string;
  readonly expired: string;
}

/** The run whose first session the demonstration offers for replay. */
export const sampleRun = 'demo-1';

/** A look around, as an agent begins. */
const explore: readonly Step[] = [
  { text: "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name" },
  {
    text: 'SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position',
    values: ['orders'],
  },
  { text: 'SELECT status, count(*) AS orders FROM orders GROUP BY status ORDER BY orders DESC' },
  {
    text: `SELECT o.id, c.name, c.city, o.placed_at, o.shipped_at - o.placed_at AS waited
FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
WHERE o.shipped_at - o.placed_at > interval '7 days' ORDER BY waited DESC, o.id LIMIT 10`,
  },
  { text: 'SELECT id, name, email, phone, iban, birth_date FROM customers WHERE id = $1', values: [4711] },
];

/** A question about money, with a slip on the way. */
const report: readonly Step[] = [
  {
    text: 'SELECT p.category, sum(i.quantity * i.price_cents) / 100.0 AS revenue FROM order_items i JOIN product p ON p.id = i.product_id GROUP BY 1',
    fails: true,
  },
  {
    text: `SELECT p.category, round(sum(i.quantity * i.price_cents) / 100.0, 2) AS revenue
FROM order_items AS i JOIN products AS p ON p.id = i.product_id GROUP BY p.category ORDER BY revenue DESC`,
  },
  { text: 'SELECT date_trunc($1, paid_at)::date AS month, count(*) FROM payments GROUP BY 1 ORDER BY 1 LIMIT 6', values: ['month'] },
  { text: 'COPY (SELECT id, sku, name, price_cents FROM products ORDER BY id LIMIT 100) TO STDOUT WITH (FORMAT csv, HEADER)' },
];

/** A change that is tried and taken back. */
const change: readonly Step[] = [
  { text: 'BEGIN' },
  {
    text: "UPDATE orders SET status = 'cancelled' WHERE status = 'placed' AND placed_at < $1 RETURNING id, customer_id",
    values: ['2025-03-01'],
  },
  { text: "SELECT count(*) AS cancelled FROM orders WHERE status = 'cancelled'" },
  { text: 'ROLLBACK' },
];

/** The person who looks after the database. */
const maintenance: readonly Step[] = [
  {
    text: 'SELECT relname, n_live_tup, pg_size_pretty(pg_total_relation_size(relid)) AS size FROM pg_stat_user_tables ORDER BY n_live_tup DESC',
  },
  { text: "EXPLAIN SELECT * FROM payments WHERE paid_at >= '2026-06-01'" },
  { text: 'CREATE INDEX IF NOT EXISTS payments_paid_at ON payments (paid_at)' },
];

function sessionsOf(tokens: SampleTokens): readonly SampleSession[] {
  return [
    { token: tokens.agent, application: `cursor;run=${sampleRun}`, steps: explore },
    { token: tokens.agent, application: 'cursor;run=demo-2', steps: report },
    { token: tokens.agent, application: 'cursor;run=demo-2', steps: change },
    { token: tokens.dba, application: 'psql', steps: maintenance },
    { token: tokens.stranger, application: 'cursor;run=demo-3', steps: [] },
    { token: tokens.expired, application: 'cursor;run=demo-3', steps: [] },
  ];
}

/** Plays a few sessions through the gateway, so that there is something to look at. Throws when one goes otherwise than meant. */
export async function playSamples(gateway: { host: string; port: number }, database: string, tokens: SampleTokens): Promise<void> {
  for (const { token, application, steps } of sessionsOf(tokens)) {
    const client = new Client({ ...gateway, database, user: 'agent', password: token, application_name: application });
    if (steps.length === 0) await expectTurnedAway(client);
    else await play(client, steps);
  }
}

async function play(client: Client, steps: readonly Step[]): Promise<void> {
  await client.connect();
  try {
    for (const step of steps) {
      await playStep(client, step);
      await pause(40);
    }
  } finally {
    await client.end();
  }
}

async function playStep(client: Client, { text, values, fails }: Step): Promise<void> {
  try {
    await client.query(text, values === undefined ? undefined : [...values]);
  } catch (fault) {
    if (fails && fault instanceof DatabaseError) return;
    throw fault;
  }
}

async function expectTurnedAway(client: Client): Promise<void> {
  const fault: unknown = await client.connect().then(
    () => client.end(),
    (thrown: unknown) => thrown,
  );
  if (fault instanceof DatabaseError && fault.code === '28000') return;
  throw new ChaperoneError('INTERNAL', `Somebody without access was not turned away as expected: ${messageOf(fault)}`);
}
