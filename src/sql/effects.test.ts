import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { contextOf, deedsOf, linesOf, type Sample, sampleServer } from './testing/sample.ts';

/** The code of a write that a read-only transaction refuses. */
const refusedAsWrite = '25006';

describe('what statements do', () => {
  let sample: Sample;
  before(async () => {
    sample = await sampleServer();
  });

  const hiding = linesOf('hiding.txt').map((line) => line.split(' :: ') as [string, string]);
  test(`${hiding.length} that hide a write, a change of the schema or an escalation are seen through`, async () => {
    assert.ok(hiding.length >= 400);
    const missed: string[] = [];
    for (const [expected, text] of hiding) {
      const deeds = await deedsOf(text, contextOf(sample.snapshot));
      if (!deeds.includes(expected)) missed.push(`${text}\n  expected ${expected}\n  found    ${deeds.join(', ')}`);
    }
    assert.deepEqual(missed, []);
  });

  const harmless = linesOf('harmless.txt');
  test(`${harmless.length} of drivers, mappers and tools only read`, async () => {
    assert.ok(harmless.length >= 300);
    const blocked: string[] = [];
    for (const text of harmless) {
      const more = (await deedsOf(text, contextOf(sample.snapshot))).filter((deed) => !deed.startsWith('read '));
      if (more.length > 0) blocked.push(`${text}\n  ${more.join(', ')}`);
    }
    assert.deepEqual(blocked, []);
  });

  test('what is called a read writes nothing when the server runs it, and is never refused by it as a write', async () => {
    const wrong: string[] = [];
    const client = await sample.connect();
    try {
      for (const text of [...harmless, ...hiding.map(([, hidden]) => hidden)]) {
        const deeds = await deedsOf(text, contextOf(sample.snapshot));
        if (!deeds.every((deed) => deed.startsWith('read ')) || /\$1|\bcommit\b.*;/i.test(text)) continue;
        if (await isRefused(client, text)) wrong.push(`refused: ${text}`);
        if (await writes(client, text)) wrong.push(`wrote: ${text}`);
      }
    } finally {
      await client.end();
    }
    assert.deepEqual(wrong, []);
  });

  test('the server does refuse or do what a hidden write asks, where it runs at all', async () => {
    const client = await sample.connect();
    let seen = 0;
    try {
      for (const [expected, text] of hiding)
        if (/^(write|unknown) (delete|insert|update|call|lock)/.test(expected) && !/;|dblink/.test(text) && (await isRefused(client, text)))
          seen += 1;
    } finally {
      await client.end();
    }
    assert.ok(seen > 150, `the read-only server refused ${seen} of them`);
  });
});

async function isRefused(client: Client, text: string): Promise<boolean> {
  const refused = await client.query(`begin read only;\n${text}`).then(
    () => false,
    (fault: unknown) => fault instanceof Error && 'code' in fault && fault.code === refusedAsWrite,
  );
  await forget(client, text);
  return refused;
}

/** Whether a statement gives its transaction an id, which only a change of data does. */
async function writes(client: Client, text: string): Promise<boolean> {
  const assigned = 'select pg_current_xact_id_if_assigned()::text as id';
  const failed = await client.query(`begin;\n${text}`).then(
    () => false,
    () => true,
  );
  const found = failed ? null : await client.query<{ id: string | null }>(assigned).catch(() => null);
  await forget(client, text);
  return (found?.rows[0]?.id ?? null) !== null;
}

async function forget(client: Client, text: string): Promise<void> {
  await client.query('rollback');
  if (/\b(set|set_config|reset|prepare|listen|declare|temp|temporary|characteristics)\b/i.test(text)) await client.query('discard all');
}
