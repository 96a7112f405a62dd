import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { loadProtocolNamed } from '../protocols.ts';
import { valueAt, withValue } from './places.ts';

/** The connection with its documents read, or the one that could not be. */
export type Read = { readonly connection: JsonObject } | { readonly place: string; readonly message: string };

/** A place that the protocol has no document at stays as it is: the check of the whole says what is wrong there. */
async function read(connection: JsonObject): Promise<Read> {
  const { protocol: name } = connection;
  const protocol = typeof name === 'string' ? await loadProtocolNamed(name) : null;
  let whole = connection;
  for (const [place, kept] of Object.entries(protocol?.documents ?? {})) {
    const path = place.split('.');
    const text = valueAt(whole, [...path, 'document']);
    if (typeof text !== 'string') continue;
    try {
      whole = withValue<Json>(whole, path, kept(text));
    } catch (fault) {
      if (!(fault instanceof RangeError)) throw fault;
      return { place: `${place}.document`, message: messageOf(fault) };
    }
  }
  return { connection: whole };
}

// Handed over by readInThread, whose type says what it is.
parentPort?.postMessage(await read(workerData as JsonObject));
