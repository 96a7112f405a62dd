import { writeSync } from 'node:fs';
import { createId } from '../../src/core/identifier.ts';
import type { SessionRecord } from '../../src/core/recorder.ts';
import { openJournal } from '../../src/stages/recording/journal.ts';
import { action, done, factsOf, left, terms, receiver } from '../../src/stages/recording/testing.ts';

/**
 * Writes sessions at full speed until it is killed. Prints `released <session> <chunk>` for each chunk as it is released and
 * `ended <session>` for each end that is committed, past any buffer of this process.
 */
const [folder = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const journal = await openJournal({
  folder,
  segmentBytes: 256 * 1024,
  reserveBytes: 4096,
  now: () => performance.timeOrigin + performance.now(),
  log: (line) => process.stderr.write(`${line}\n`),
  gatewayId: createId(),
});

let chunks = 0;

function chunkOf(size: number): { readonly id: string; readonly bytes: Buffer } {
  chunks += 1;
  const id = `chunk-${chunks}`;
  return { id, bytes: Buffer.from(id.padEnd(size, '.')) };
}

function openSession(): { readonly id: string; readonly record: SessionRecord } {
  const facts = factsOf();
  const durability = Math.random() < 0.3 ? 'fsync' : 'write';
  const stopped = (fault: Error) => {
    throw fault;
  };
  return { id: facts.id, record: journal.open(facts, { ...terms, durability }, stopped) };
}

function oneExchange(id: string, record: SessionRecord): void {
  const ordinal = record.exchange(action);
  for (const direction of ['request', 'reply'] as const) {
    const chunk = chunkOf(Math.random() < 0.2 ? 9000 : 40);
    record.cross(
      ordinal,
      direction,
      chunk.bytes,
      receiver(() => say(`released ${id} ${chunk.id}`)),
    );
  }
  if (Math.random() < 0.8) record.outcome(ordinal, done);
}

const sessions = Array.from({ length: 8 }, openSession);
for (;;) {
  for (const [index, { id, record }] of sessions.entries()) {
    oneExchange(id, record);
    if (Math.random() < 0.05) {
      void record.end(left).then(() => say(`ended ${id}`));
      sessions[index] = openSession();
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
}
