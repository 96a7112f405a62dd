import type { MessagePort } from 'node:worker_threads';
import type { Archiver } from '../archive/archiver.ts';
import { ChaperoneError } from '../core/errors.ts';
import { connectThreads } from '../gateway/calls.ts';
import { loadDecoders } from '../gateway/protocols.ts';
import type { ArchiveHandlers, MainHandlers } from './calls.ts';
import { createLog } from './log.ts';

/** The archive's thread: follows the journal. */
export async function runArchiveThread(port: MessagePort): Promise<void> {
  const [{ courtesy, yieldToOthers }, { archiveJournal }, { prepareCatalog }, { unfinishedSessions }] = await Promise.all([
    import('../gateway/priority.ts'),
    import('../archive/archiver.ts'),
    import('../archive/rebuild.ts'),
    import('../archive/read.ts'),
  ]);
  const decoders = await loadDecoders();
  const log = createLog('info');
  const note = (level: 'info' | 'warn' | 'error', message: string, detail?: object) => log[level]({ part: 'archive', ...detail }, message);
  let archiver: Archiver | null = null;
  let state = '';
  /** How far the journal was before the archive has started. */
  let early: { segment: number; offset: number } | null = null;
  const running = (): Archiver => {
    if (archiver === null) throw new ChaperoneError('INTERNAL', 'the archive has not been started');
    return archiver;
  };
  const handlers: ArchiveHandlers = {
    prepare: async (given) => {
      state = given;
      prepareCatalog(state, decoders, note);
      return unfinishedSessions(state);
    },
    start: async () => {
      archiver = archiveJournal({ state, decoders, log: note, audit: (event) => main.audit(event), rest: courtesy() });
      if (early) archiver.committed(early);
      yieldToOthers();
    },
    committed: (position) => {
      if (archiver) archiver.committed(position);
      else early = position;
    },
    status: () => running().status(),
    close: () => running().close(),
  };
  const main = connectThreads<MainHandlers>(port, handlers);
}
