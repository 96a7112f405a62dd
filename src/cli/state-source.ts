import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openCatalog } from '../archive/catalog.ts';
import { decodeRecording } from '../archive/decoded.ts';
import { withOriginals } from '../archive/originals.ts';
import { readEntries, unarchived } from '../archive/read.ts';
import type { Decoder } from '../core/protocol.ts';
import { misuse } from './failure.ts';
import type { RecordSource } from './record-source.ts';
import { counted } from './visible.ts';

/**
 * The record in a state folder, without a gateway, for whoever may read its files: the roles of the API do not apply. A
 * recording whose protocol has no decoder here is shown as bytes.
 */
export function fromState(state: string, decoderOf: (protocol: string) => Decoder | null): RecordSource {
  if (!existsSync(join(state, 'journal')) && !existsSync(join(state, 'archive')))
    throw misuse(
      `--state ${state} is not a state folder: it holds neither a journal nor an archive.`,
      'Name the folder of `state:` in the configuration.',
    );
  const catalog = openCatalog(state);
  return {
    sessions: async (filter, page) => catalog.sessions(filter, 'all', page),
    session: async (id) => catalog.session(id),
    exchanges: async (filter, page) => catalog.exchanges(filter, 'all', page),
    search: async ({ q = '', ...filter }, page) => {
      const found = catalog.searching.search({ q, filter, visibility: 'all' }, page);
      if ('problem' in found) throw misuse(`q: ${found.problem.message}`, 'The fields are listed in docs/console.md.');
      return found;
    },
    recording: (id, auditor = null, excerpt = {}) => {
      const entries = readEntries(state, id);
      const decoder = decoderOf(catalog.session(id)?.protocol ?? '');
      return decodeRecording(auditor === null ? entries : withOriginals(entries, auditor), decoder, excerpt);
    },
    caveat: () => caveatOf(unarchived(state)),
    close: () => catalog.close(),
  };
}

function caveatOf(bytes: number): string | null {
  if (bytes === 0) return null;
  return `${counted(bytes, 'byte')} of the journal are not archived yet and are missing here; they come in once the gateway runs.`;
}
