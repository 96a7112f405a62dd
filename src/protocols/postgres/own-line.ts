import { ByteReader } from '../../wire/byte-reader.ts';
import { ByteSource } from '../../wire/byte-source.ts';
import { closeGently } from '../../wire/close-gently.ts';
import type { Target } from '../../core/protocol.ts';
import type { Session } from '../../core/session.ts';
import { encodeMessage, parseFields } from './messages.ts';
import { ownWords } from './own-words.ts';
import type { Settings } from './settings.ts';
import { encodeStartup } from './startup.ts';
import { findServer } from './target-search.ts';
import { TargetRefused } from './upstream.ts';

/** A catalog with a hundred thousand relations is told in some 50 MB. */
const longestAnswer = 256 * 1024 * 1024;
const patienceMs = 60_000;

/**
 * Opens a session of the gateway's own at the target, by the connection's credentials, says `messages` and gives all rows of
 * what comes up to so many ReadyForQuery. All that is said and heard is on record in the channel of the session that it is done for, but for rows.
 * Rejects with TargetRefused.
 */
export async function askApart(
  { session, target: { settings, dial }, ended }: Asker,
  messages: Buffer,
  answers = 1,
): Promise<readonly Row[]> {
  const signal = AbortSignal.any([session.signal, ended, AbortSignal.timeout(patienceMs)]);
  const startup = (minor: number) => encodeStartup(settings.credentials.user, settings.target.database, ownParameters, minor);
  const words = ownWords(session, signal);
  const upstream = await findServer({ settings, dial, signal, startup, words });
  if (upstream.rest.length > 0) upstream.socket.unshift(upstream.rest);
  const source = new ByteSource(upstream.socket, patienceMs);
  const stop = () => upstream.socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    upstream.socket.write(await words.say(messages));
    const rows = await rowsUntilReady(source, words.heard, answers);
    upstream.socket.write(await words.say(encodeMessage('X')));
    return rows;
  } finally {
    signal.removeEventListener('abort', stop);
    source.release();
    closeGently(upstream.socket);
  }
}

/** Whom something is asked for. */
export interface Asker {
  readonly session: Session;
  readonly target: Target<Settings>;
  /** Aborts when the session is over, and so is its record. */
  readonly ended: AbortSignal;
}

/** By this name the target's own list of sessions shows it. */
const ownParameters: ReadonlyMap<string, string> = new Map([
  ['application_name', 'chaperone'],
  ['client_encoding', 'UTF8'],
]);

export type Row = readonly (string | null)[];

async function rowsUntilReady(source: ByteSource, heard: (bytes: Buffer) => void, answers: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let complaint: string | null = null;
  for (let left = answers; left > 0; ) {
    const header = Buffer.from(await source.take(5));
    const length = header.readUInt32BE(1) - 4;
    if (length < 0 || length > longestAnswer) throw new TargetRefused(`the target sent a message of ${length} bytes`);
    const body = length === 0 ? Buffer.alloc(0) : await source.take(length);
    const type = header.toString('latin1', 0, 1);
    if (type === 'D') rows.push(readRow(body));
    // The shape of the rows says nothing without them.
    else if (type !== 'T') heard(Buffer.concat([header, body]));
    if (type === 'E') complaint ??= parseFields(body).message ?? 'without a reason';
    if (type === 'Z') left -= 1;
  }
  if (complaint !== null) throw new TargetRefused(`the target refused the gateway: ${complaint}`);
  return rows;
}

function readRow(body: Buffer): Row {
  const reader = new ByteReader(body);
  return Array.from({ length: reader.uint16() }, () => {
    const length = reader.int32();
    return length < 0 ? null : reader.bytes(length).toString('utf8');
  });
}
