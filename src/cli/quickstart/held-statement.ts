import { Client } from 'pg';
import { ChaperoneError, messageOf } from '../../core/errors.ts';

/** A statement of the agent that waits until a DBA answers. */
export interface HeldStatement {
  /** The approval's id. */
  readonly approval: string;
  /** Takes it back, where nobody has answered. */
  leave(): Promise<void>;
}

/** Its bind value stands apart from it, so that the approver sees both. */
const statement = { text: 'DELETE FROM payments WHERE paid_at < $1', values: ['2025-02-01'] };
const run = 'demo-4';

/** How long the gateway may take to say that it waits. */
const noticeMs = 15_000;

/** Lets the agent ask for what needs a DBA. Its session stays open for the answer; rejects where it is not told that it waits. */
export async function holdStatement(gateway: { host: string; port: number }, database: string, token: string): Promise<HeldStatement> {
  const client = new Client({ ...gateway, database, user: 'agent', password: token, application_name: `cursor;run=${run}` });
  // The gateway may end the session, as when it stops.
  client.on('error', () => {});
  await client.connect();
  const leave = () => client.end().catch(() => {});
  const { promise: told, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new ChaperoneError('INTERNAL', 'The gateway did not say that it waits.')), noticeMs);
  client.on('notice', ({ message = '' }) => {
    const id = /Approval ([0-9a-f-]{36}):/.exec(message)?.[1];
    if (id !== undefined) resolve(id);
  });
  const failed = (fault: unknown) => reject(new ChaperoneError('INTERNAL', `It was not held: ${messageOf(fault)}`, { cause: fault }));
  void client
    .query(statement)
    .then(() => failed(new Error('it was let through')), failed)
    .then(leave);
  try {
    return { approval: await told, leave };
  } catch (fault) {
    await leave();
    throw fault;
  } finally {
    clearTimeout(timer);
  }
}
