import assert from 'node:assert/strict';
import type { Direction, Entry } from '../../src/core/entry.ts';
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../rig/data-plane.ts';
import { startTap, type Tap } from '../rig/tap.ts';
import type { ProtocolFolder } from './folder.ts';
import type { ConformanceClient, ConformanceTarget } from './rig.ts';

/** A real target, the data plane, and taps before and behind it. */
export interface Trial extends AsyncDisposable {
  readonly plane: DataPlane;
  /** Between the gateway and the target. */
  readonly far: Tap;
  /** Between the clients and the gateway. */
  readonly near: Tap;
  /** How many connections either tap had when the first session was over. */
  marked: { readonly near: number; readonly far: number };
  connect(): Promise<ConformanceClient>;
}

export async function openTrial(
  { protocol, rig }: ProtocolFolder,
  target: ConformanceTarget,
  options: Partial<DataPlaneOptions<unknown>> = {},
): Promise<Trial> {
  const far = await startTap(target.port);
  const plane = await startDataPlane({ protocol, settings: protocol.settings.parse(rig.settings(far.port)), ...options });
  const near = await startTap(plane.port);
  const clients: ConformanceClient[] = [];
  return {
    plane,
    far,
    near,
    marked: { near: 0, far: 0 },
    connect: async () => {
      const client = await rig.connect(near.port, plane.connection, await plane.token());
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.vanish();
      await near.close();
      await far.close();
      await plane.close();
    },
  };
}

/** A session's bytes of one direction, in order. */
export function bytesOf(entries: readonly Entry[], direction: Direction): Buffer {
  return Buffer.concat(entries.flatMap((entry) => (entry.kind === 'bytes' && entry.direction === direction ? [entry.bytes] : [])));
}

/** Holds that a session's record is well formed: no hole, one decision and one outcome for each exchange, and a proper end. */
export function assertSound(entries: readonly Entry[]): void {
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index),
  );
  assert.equal(entries[0]?.kind, 'session');
  assert.equal(entries.at(-1)?.kind, 'end');
  for (const [ordinal, own] of Map.groupBy(entries, ({ exchange }) => exchange)) {
    if (ordinal === 0) continue;
    const kinds = own.map(({ kind }) => kind);
    // A session may end before the verdict is known; nothing of that exchange has gone to the target then.
    const decided = statusOf(own) !== 'cut' || kinds.includes('decision');
    for (const kind of ['exchange', ...(decided ? ['decision'] : []), 'outcome'])
      assert.equal(kinds.filter((found) => found === kind).length, 1, `exchange ${ordinal} has ${kinds.join(', ')}`);
    assert.equal(kinds.at(-1), 'outcome', `exchange ${ordinal} has ${kinds.join(', ')}`);
  }
}

/** The exchange whose text has the mark. */
export function exchangeOf(entries: readonly Entry[], mark: string): Entry[] {
  const opened = entries.find((entry) => entry.kind === 'exchange' && entry.action.text.includes(mark));
  assert.ok(opened, `no exchange has ${mark}`);
  return entries.filter(({ session, exchange }) => session === opened.session && exchange === opened.exchange);
}

export function statusOf(entries: readonly Entry[]): string {
  return entries.flatMap((entry) => (entry.kind === 'outcome' ? [entry.outcome.status] : [])).join(' ');
}

export function verdictOf(entries: readonly Entry[]): string {
  return entries.flatMap((entry) => (entry.kind === 'decision' ? [entry.decision.verdict] : [])).join(' ');
}

/** A promise and the hands that settle it. */
export function door<Value>() {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  return { opened: promise, open: resolve, fail: reject };
}
