import type { Entry } from '../core/entry.ts';
import type { JsonObject } from '../core/json.ts';
import type { Anomalies, Anomaly } from './anomalies.ts';
import { type Checkpoint, Checkpoints } from './checkpoint.ts';
import { ledgerPath, recordingPath, type StoredRecording } from './layout.ts';
import { type BlockEnd, reopenRecording } from './recording-file.ts';
import { type Decoders, SessionStream } from './session-stream.ts';
import type { CatalogStore } from './store.ts';

/** Where the archive's own log lines go. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, detail?: JsonObject) => void;

type AuditEntry = Entry & { readonly kind: 'audit' };

/** What is being archived of one session or ledger. */
export interface ArchiveStream {
  readonly id: string;
  readonly path: string;
  readonly kind: StoredRecording['kind'];
  lastSequence: number;
  /** Null for a ledger, and for a session before its first entry. */
  session: SessionStream | null;
  /** A ledger's entries that have no row yet. */
  readonly audits: AuditEntry[];
  /** Frames that are not in the recording yet. */
  readonly pending: Uint8Array[];
  readonly checkpoints: Checkpoints;
}

export interface StreamContext {
  readonly state: string;
  readonly decoders: Decoders;
  readonly log: Log;
  readonly store: CatalogStore;
  readonly anomalies: Anomalies;
}

/** Rows that gather while a recording is read again are written when there are this many. */
const restoredRows = 5000;

/**
 * Opens the stream of a session or ledger where its recording ends: what the recording holds is read again, so that
 * counters and decoder go on as if nothing had happened, and rows that the catalog lacks are written.
 */
export function openStream(id: string, kind: StoredRecording['kind'], context: StreamContext): ArchiveStream {
  const known = kind === 'session' ? context.store.session(id) : null;
  const stream = restore(id, kind, known, context);
  if (known !== null && stream.lastSequence < known.lastSequence) {
    // A power loss took the recording's tail and left the rows: they are made again from the recording and the journal.
    context.store.transact(() => context.store.forget(known.key));
    return restore(id, kind, null, context);
  }
  if (kind === 'ledger') context.store.forgetAudit(id, stream.lastSequence);
  return stream;
}

function restore(id: string, kind: StoredRecording['kind'], known: { key: number; lastSequence: number } | null, context: StreamContext) {
  const path = kind === 'session' ? recordingPath(context.state, id) : ledgerPath(context.state, id);
  const stream: ArchiveStream = {
    id,
    path,
    kind,
    lastSequence: -1,
    session: null,
    audits: [],
    pending: [],
    checkpoints: new Checkpoints(),
  };
  const cut = (bytes: number, kept: string | null) =>
    context.log('warn', 'A recording ended in bytes that cannot be read; they were cut off.', { path, bytes, kept });
  let unsaved = false;
  const behind = ({ offset, bytes, said }: BlockEnd) => {
    const { session, lastSequence, checkpoints } = stream;
    if (session === null || (known !== null && lastSequence <= known.lastSequence)) return;
    if (checkpoints.wrote(bytes)) checkpoints.make(session, said, offset);
  };
  for (const entry of reopenRecording(path, cut, behind)) {
    if (entry.sequence <= stream.lastSequence) continue;
    const fresh = known === null || entry.sequence > known.lastSequence;
    take(stream, entry, fresh, known?.key ?? 0, context);
    unsaved ||= fresh;
    if ((stream.session?.changes ?? 0) + stream.audits.length > restoredRows) context.store.transact(() => saveStreams([stream], context));
  }
  if (unsaved) context.store.transact(() => saveStreams([stream], context));
  return stream;
}

/** Takes the next entry of a stream; what is missing before it becomes an anomaly. */
export function take(stream: ArchiveStream, entry: Entry, fresh: boolean, key: number, context: StreamContext): void {
  if (stream.kind === 'session' && stream.session === null) stream.session = startSession(entry, key, context);
  if (entry.sequence !== stream.lastSequence + 1) {
    noteAnomalies([sequenceGap(stream.lastSequence + 1, entry)], context);
    stream.session?.brokeOff();
  }
  stream.lastSequence = entry.sequence;
  stream.session?.fold(entry, fresh);
  if (entry.kind === 'audit' && stream.kind === 'ledger') stream.audits.push(entry);
}

/** Writes the rows of streams, in the caller's transaction. */
export function saveStreams(streams: Iterable<ArchiveStream>, context: StreamContext): void {
  const sessions: SessionStream[] = [];
  const checkpoints: [SessionStream, readonly Checkpoint[]][] = [];
  for (const stream of streams) {
    if (stream.session !== null) {
      sessions.push(stream.session);
      checkpoints.push([stream.session, stream.checkpoints.take()]);
    }
    for (const entry of stream.audits) context.store.audit(entry);
    stream.audits.length = 0;
  }
  context.store.save(sessions);
  for (const [{ key }, made] of checkpoints) for (const checkpoint of made) context.store.checkpoint(key, checkpoint);
}

/** Puts anomalies in their file, in the catalog and in the log, each once. */
export function noteAnomalies(found: readonly Anomaly[], context: StreamContext): void {
  for (const anomaly of context.anomalies.note(found)) {
    context.store.anomaly(anomaly);
    context.log('error', anomaly.detail, { session: anomaly.session, segment: anomaly.segment, offset: anomaly.offset });
  }
}

function startSession(entry: Entry, key: number, context: StreamContext): SessionStream {
  const onDecoderFault = (reason: string) =>
    context.log('warn', 'A session could not be decoded; its recording is whole, its results are not searched.', {
      session: entry.session,
      reason,
    });
  const session = new SessionStream(entry, { decoders: context.decoders, onDecoderFault });
  session.key = key;
  session.gap = context.anomalies.touches(entry.session);
  return session;
}

function sequenceGap(expected: number, entry: Entry): Anomaly {
  const { session, sequence, at } = entry;
  const detail = `Entries ${expected} to ${sequence - 1} of ${session} are missing.`;
  return { id: `${session}/${sequence}`, at, session, segment: null, offset: null, kind: 'sequence-gap', detail };
}
