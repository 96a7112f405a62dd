import type { DataPlane } from '../../../../test/rig/data-plane.ts';
import type { Entry } from '../../../core/entry.ts';
import { assertSound } from '../../../../test/conformance/trial.ts';
import { message } from './fixtures.ts';
import type { RawClient } from './raw-client.ts';

/** Says goodbye on the session that was opened last, and returns its record, which must be sound. */
export async function leaveSoundly(client: RawClient, plane: DataPlane): Promise<Entry[]> {
  const id = plane.opened.at(-1)?.facts.id;
  client.send(message.terminate());
  await client.rest();
  const entries = (await plane.settled()).filter(({ session }) => session === id);
  assertSound(entries);
  return entries;
}
