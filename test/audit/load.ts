import type { Client } from 'pg';
import type { Random } from '../rig/random.ts';

/** A statement whose answer a client has in its hands. */
export interface Completed {
  readonly run: string;
  /** Text that is in the statement or its bind value, and nowhere else. */
  readonly marker: string;
  readonly rows: number;
  readonly failed: boolean;
}

/** What the clients know of what they did. */
export interface Account {
  readonly completed: Completed[];
  /** Runs that were begun. */
  readonly begun: Set<string>;
  /** Runs whose client has asked to leave. */
  readonly left: Set<string>;
}

export interface LoadOptions {
  readonly clients: number;
  /** Begins every run's name. */
  readonly name: string;
  readonly random: Random;
  /** Connects with this application name. */
  readonly connect: (applicationName: string) => Promise<Client>;
}

/** Clients that open sessions one after the other and run statements in them, until their connections break or they are told to stop. */
export function startLoad({ clients, name, random, connect }: LoadOptions) {
  const account: Account = { completed: [], begun: new Set(), left: new Set() };
  const stopped = new AbortController();
  const work = async (worker: number) => {
    for (let count = 1; !stopped.signal.aborted; count += 1) {
      const run = `${name}-${worker}-${count}`;
      account.begun.add(run);
      try {
        await oneSession(run, await connect(`load;run=${run}`), random, account);
      } catch {
        // The gateway was killed under it.
        return;
      }
    }
  };
  const done = Promise.all(Array.from({ length: clients }, (_, worker) => work(worker)));
  const stop = async () => {
    stopped.abort();
    await done;
  };
  return { account, stop };
}

async function oneSession(run: string, client: Client, random: Random, account: Account): Promise<void> {
  let gone = false;
  client.on('error', () => (gone = true));
  for (let left = 1 + random.below(12), number = 1; left > 0; left -= 1, number += 1) {
    const marker = `<${run}.${number}>`;
    const { rows, failed } = await oneStatement(marker, client, random);
    account.completed.push({ run, marker, rows, failed });
  }
  account.left.add(run);
  if (!gone) await client.end();
}

interface Answer {
  readonly rows: number;
  readonly failed: boolean;
}

async function oneStatement(marker: string, client: Client, random: Random): Promise<Answer> {
  const rowsOf = (result: { readonly rows: readonly unknown[] }): Answer => ({ rows: result.rows.length, failed: false });
  switch (random.below(5)) {
    case 0:
      return rowsOf(await client.query(`select '${marker}' as simple`));
    case 1:
      return rowsOf(await client.query('select $1::text as bound', [marker]));
    case 2:
      return rowsOf(await client.query({ name: 'many', text: 'select $1 || n as many from generate_series(1, 3000) n', values: [marker] }));
    case 3:
      return rowsOf(await client.query(`select '${marker}' as slow from pg_sleep(0.01)`));
    default:
      return client.query(`select '${marker}'::int`).then(rowsOf, (fault: unknown) => {
        if (fault instanceof Error && 'code' in fault && fault.code === '22P02') return { rows: 0, failed: true };
        throw fault;
      });
  }
}
