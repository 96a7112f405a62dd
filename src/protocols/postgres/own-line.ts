import { setImmediate as nextTurn } from 'node:timers/promises';
import { ByteSource } from '../../wire/byte-source.ts';
import { closeGently } from '../../wire/close-gently.ts';
import type { Target } from '../../core/protocol.ts';
import type { Session } from '../../core/session.ts';
import { withoutValues } from './masked-words.ts';
import { encodeMessage, parseFields } from './messages.ts';
import { ownWords } from './own-words.ts';
import type { Settings } from './settings.ts';
import { encodeStartup } from './startup.ts';
import { findServer } from './target-search.ts';
import { TargetRefused } from './upstream.ts';

/** A catalog with a hundred thousand relations is told in some 50 MB. */
const longestAnswer = 256 * 1024 * 1024;
const patienceMs = 60_000;

/** Of an answer so much is read before all else on this thread has its turn. With 3,000 tables the longest turn was 15 ms, and is 2 ms so. */
const turnBytes = 16 * 1024;

/**
 * Opens a session of the gateway's own at the target, by the connection's credentials, says `messages` and hands over all rows of
 * what comes up to so many ReadyForQuery, as they come. All that is said and heard is on record in the channel of the session that it is done for, but for rows.
 * Rejects with TargetRefused.
 */
export async function askApart(
  { session, target: { settings, dial }, ended }: Asker,
  messages: Buffer,
  take: (row: Row) => void,
  answers = 1,
): Promise<void> {
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
    const { masking } = session;
    const heard = (message: Buffer) => words.heard(masking === null ? message : withoutValues(message, masking), message);
    await hearRows(source, heard, take, answers);
    upstream.socket.write(await words.say(encodeMessage('X')));
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

async function hearRows(source: ByteSource, heard: (bytes: Buffer) => void, take: (row: Row) => void, answers: number): Promise<void> {
  const state: { left: number; complaint: string | null } = { left: answers, complaint: null };
  const hear = (message: Buffer): void => {
    const type = message.toString('latin1', 0, 1);
    if (type === 'D') take(readRow(message.subarray(5)));
    // The shape of the rows says nothing without them.
    else if (type !== 'T') heard(message);
    if (type === 'E') state.complaint ??= parseFields(message.subarray(5)).message ?? 'without a reason';
    if (type === 'Z') state.left -= 1;
  };
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    const { rest, missing } = cutMessages(held, hear);
    if (state.left <= 0) break;
    await nextTurn();
    const more = await source.take(Math.max(missing, Math.min(source.buffered, turnBytes)));
    held = rest.length === 0 ? more : Buffer.concat([rest, more]);
  }
  if (state.complaint !== null) throw new TargetRefused(`the target refused the gateway: ${state.complaint}`);
}

/** Hears the whole messages at the beginning of these bytes; tells what is left, and how many bytes its message lacks at least. */
function cutMessages(bytes: Buffer, hear: (message: Buffer) => void): { readonly rest: Buffer; readonly missing: number } {
  let at = 0;
  while (bytes.length - at >= 5) {
    const length = bytes.readUInt32BE(at + 1) + 1;
    if (length < 5 || length > longestAnswer) throw new TargetRefused(`the target sent a message of ${length - 5} bytes`);
    if (length > bytes.length - at) return { rest: bytes.subarray(at), missing: at + length - bytes.length };
    hear(bytes.subarray(at, at + length));
    at += length;
  }
  return { rest: bytes.subarray(at), missing: at + 5 - bytes.length };
}

function readRow(body: Buffer): Row {
  const row: (string | null)[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    if (length > body.length - at) throw new TargetRefused(`the target sent a value of ${length} bytes in a shorter row`);
    row.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return row;
}
