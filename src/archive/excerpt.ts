import type { Entry } from '../core/entry.ts';
import { readState } from './checkpoint.ts';
import { decodeLive, decodeRecording, type Excerpt, type RecordingLine } from './decoded.ts';
import type { CatalogReader } from './items.ts';
import { followEntries, readEntries } from './read.ts';
import type { Beginning } from './recording-file.ts';
import type { Decoders } from './session-stream.ts';

export interface ExcerptSources {
  /** The state folder. */
  readonly state: string;
  readonly catalog: Pick<CatalogReader, 'session' | 'checkpoint'>;
  readonly decoders: Decoders;
  /** Told where a recording is read from its beginning because a checkpoint of it cannot be used. */
  readonly log: (message: string, fault: unknown) => void;
}

/**
 * The lines of a recording that are wanted. Reading begins at the last checkpoint before them, so that how long it takes does not depend
 * on where they stand. NOT_FOUND where there is no recording, INTERNAL where it is damaged.
 */
export async function* readExcerpt(sources: ExcerptSources, session: string, excerpt: Excerpt): AsyncGenerator<RecordingLine> {
  const { state, catalog, decoders } = sources;
  const protocol = catalog.session(session)?.protocol ?? null;
  const read = (from?: Beginning) => readEntries(state, session, from);
  const late = protocol === null ? null : await beginLate(sources, { session, protocol, read }, excerpt);
  if (late !== null) yield* decodeRecording(late.entries, late.decoder, excerpt);
  else yield* decodeRecording(read(), protocol === null ? null : decoders(protocol), excerpt);
}

/**
 * The lines of a session that may still go on from `from` on, and some of those before them; null says that there is no more for now.
 * However long the session is, reading begins near what is wanted.
 */
export async function* followExcerpt(sources: ExcerptSources, session: string, from: number): AsyncGenerator<RecordingLine | null> {
  const { state, catalog, decoders } = sources;
  const protocol = catalog.session(session)?.protocol ?? null;
  const read = (beginning?: Beginning) => followEntries(state, session, beginning);
  const late = protocol === null ? null : await beginLate(sources, { session, protocol, read }, { from });
  if (late !== null) yield* decodeLive(late.entries, late.decoder);
  else yield* decodeLive(read(), protocol === null ? null : decoders(protocol));
}

interface Reading<Given> {
  readonly session: string;
  readonly protocol: string;
  readonly read: (from: Beginning) => AsyncGenerator<Given>;
}

/** Null where there is no checkpoint, or what stands there is not what it says. */
async function beginLate<Given extends Entry | null>(
  { catalog, decoders, log }: ExcerptSources,
  { session, protocol, read }: Reading<Given>,
  excerpt: Excerpt,
) {
  const checkpoint = catalog.checkpoint(session, excerpt);
  if (checkpoint === null) return null;
  let entries: AsyncGenerator<Given> | null = null;
  try {
    const { said, decoder: saved } = readState(session, checkpoint.state);
    const decoder = decoders(protocol, saved);
    entries = read({ offset: checkpoint.offset, said });
    const first = await entries.next();
    if (first.done === true || first.value === null || first.value.sequence === checkpoint.sequence)
      return { decoder, entries: from(first, entries) };
    throw new RangeError(`entry ${first.value.sequence} stands where ${checkpoint.sequence} should`);
  } catch (fault) {
    await entries?.return(undefined);
    log(`A checkpoint of the recording of ${session} cannot be used; it is read from its beginning.`, fault);
    return null;
  }
}

async function* from<Given>(first: IteratorResult<Given>, rest: AsyncGenerator<Given>): AsyncGenerator<Given> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
