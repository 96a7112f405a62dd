import type { JsonObject } from '../../core/json.ts';
import { answerOfThread } from '../../wire/bounded-thread.ts';
import type { Read } from './document-worker.ts';
import { leavesOf } from './places.ts';
import { notInOrder, type Refused } from './refused.ts';

/** UTF-16 units of one document. */
const longestDocument = 2 * 1024 * 1024;
/** Ten seconds were measured for the longest in YAML. */
const bounds = { patienceMs: 60_000, mostMegabytes: 512 };

/**
 * The same connection, with what is kept in the stead of each document that stands in it. A document is read in a thread that ends with
 * it: it can take seconds, and is what somebody uploads.
 */
export async function withDocumentsRead(
  connection: JsonObject,
): Promise<{ readonly kind: 'read'; readonly connection: JsonObject } | Refused> {
  const documents = [...leavesOf(connection)].filter(([place, value]) => place.endsWith('.document') && typeof value === 'string');
  if (documents.length === 0) return { kind: 'read', connection };
  const long = documents.find(([, value]) => typeof value === 'string' && value.length > longestDocument);
  if (long !== undefined) return mistaken(long[0], `is longer than ${longestDocument} characters`);
  const read = await readInThread(connection);
  return 'connection' in read ? { kind: 'read', connection: read.connection } : mistaken(read.place, read.message);
}

function mistaken(place: string, message: string): Refused {
  return notInOrder([
    { place, message, remedy: 'Give a document in JSON or YAML that its protocol can read, or name it in the configuration file.' },
  ]);
}

async function readInThread(connection: JsonObject): Promise<Read> {
  const read = await answerOfThread<Read>(new URL('./document-worker.ts', import.meta.url), connection, bounds);
  return read ?? { place: '', message: 'has a document that takes too much to be read' };
}
