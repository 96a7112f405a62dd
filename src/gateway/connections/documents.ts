import { Worker } from 'node:worker_threads';
import type { JsonObject } from '../../core/json.ts';
import type { Read } from './document-worker.ts';
import { leavesOf } from './places.ts';
import { notInOrder, type Refused } from './refused.ts';

/** UTF-16 units of one document. */
const longestDocument = 2 * 1024 * 1024;
/** Ten seconds were measured for the longest in YAML. */
const patienceMs = 60_000;
const mostMegabytes = 512;

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

function readInThread(connection: JsonObject): Promise<Read> {
  return new Promise((resolve) => {
    const fault = () => resolve({ place: '', message: 'has a document that takes too much to be read' });
    const worker = new Worker(new URL('./document-worker.ts', import.meta.url), {
      workerData: connection,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
      // What a fault prints could hold a piece of the document.
      stderr: true,
      stdout: true,
    });
    const late = setTimeout(() => void worker.terminate(), patienceMs);
    worker.once('message', resolve);
    worker.once('error', fault);
    worker.once('exit', () => {
      clearTimeout(late);
      fault();
    });
  });
}
