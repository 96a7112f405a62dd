import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '../../src/core/entry.ts';
import { TestState } from '../../src/stages/recording/testing.ts';

const rounds = 24;

/** Lets a gateway's journal be written at full speed, kills it at a random moment, and returns what it had said by then. */
async function writeAndKill(folder: string): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'journal-writer.ts'), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  const saying = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await saying;
  await sleep(Math.random() * 120);
  child.kill('SIGKILL');
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself');
  // The last line may have been cut by the kill.
  return said.split('\n').slice(0, -1);
}

function bySession(entries: readonly Entry[]): Map<string, Entry[]> {
  return Map.groupBy(entries, ({ session }) => session);
}

function chunkIds(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) =>
    entry.kind === 'bytes' ? [/^[^.]*/.exec(Buffer.from(entry.bytes).toString('latin1'))?.[0] ?? ''] : [],
  );
}

function assertWhole(entries: readonly Entry[], ended: boolean): void {
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index),
  );
  const end = entries.at(-1);
  assert.equal(end?.kind, 'end');
  if (ended) assert.equal(end.end.status, 'ended');
  for (const [index, entry] of entries.entries()) assert.ok(entry.at >= (entries[index - 1]?.at ?? 0));
}

test(`killed ${rounds} times at full speed: all that was released is in the journal, and cut sessions are marked`, async () => {
  let released = 0;
  let interrupted = 0;
  for (let round = 0; round < rounds; round += 1) {
    await using state = new TestState();
    const said = (await writeAndKill(state.folder)).map((line) => line.split(' '));
    const journal = await state.open();
    const sessions = bySession(state.entries());
    const ended = new Set(said.flatMap(([verb, session = '']) => (verb === 'ended' ? [session] : [])));
    for (const [session, entries] of sessions) if (entries[0]?.kind !== 'audit') assertWhole(entries, ended.has(session));
    const saidOf = Map.groupBy(said, ([, session = '']) => session);
    for (const [session, lines] of saidOf) {
      const chunks = lines.flatMap(([verb, , chunk = '']) => (verb === 'released' ? [chunk] : []));
      const kept = chunkIds(sessions.get(session) ?? []);
      assert.deepEqual(kept.slice(0, chunks.length), chunks, 'released in the order of the record, and nothing that is not there');
      released += chunks.length;
    }
    const cut = [...sessions.values()].filter((entries) =>
      entries.some((entry) => entry.kind === 'end' && entry.end.status === 'interrupted'),
    );
    interrupted += cut.length;
    assert.equal(journal.unready(), null);
  }
  assert.ok(released > rounds * 10);
  assert.ok(interrupted >= rounds);
});

test('a second gateway on the same state is refused while the first lives, and let in once that was killed', async () => {
  await using state = new TestState();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'journal-writer.ts'), state.folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await assert.rejects(state.open(), { code: 'RECORDER_FAULT', message: new RegExp(`process ${child.pid};`) });
  child.stdout.resume();
  child.kill('SIGKILL');
  await once(child, 'close');
  await state.open();
});
