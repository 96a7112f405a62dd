import type { Journal, Statistics } from '../stages/recording/options.ts';
import type { ConnectionSettings } from './configuration/connections.ts';
import type { Gateway } from './gateway.ts';
import { admissionOutcomes } from './reception.ts';

/** One number that the gateway counts, in Prometheus' terms. */
interface Measured {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly value: number;
  readonly labels?: { readonly connection?: string; readonly protocol?: string; readonly outcome?: string };
}

/** What the archive's thread says of itself. */
interface ArchiveFigures {
  readonly segmentsWaiting: number;
  readonly lagBytes: number;
  readonly exchanges: number;
  readonly fault: string | null;
}

/** How the gateway is doing. */
interface Status {
  /** Null when a new session would be admitted and recorded, or why not. */
  readonly ready: string | null;
  readonly sessions: { readonly active: number };
  readonly measures: readonly Measured[];
}

/** `gateway` is null while it starts; `archive` is null where its thread does not answer. */
export function statusOf(
  gateway: Gateway | null,
  journal: Pick<Journal, 'unready' | 'statistics'>,
  archive: ArchiveFigures | null,
  connections: ReadonlyMap<string, ConnectionSettings>,
): Status {
  if (gateway === null) return { ready: 'the gateway is starting', sessions: { active: 0 }, measures: [] };
  const ready = gateway.draining() ? 'the gateway is draining' : journal.unready();
  const measures = [
    ...ofSessions(gateway, [...connections.keys()]),
    ...ofJournal(journal.statistics()),
    ...(archive ? ofArchive(archive) : []),
  ];
  return { ready, sessions: { active: gateway.sessions.count }, measures };
}

function ofSessions({ sessions, admissions }: Gateway, connections: readonly string[]): Measured[] {
  const open = connections.map((connection) =>
    gauge('chaperone_sessions_active', 'Sessions open now.', sessions.countOf(connection), { connection }),
  );
  const admitted = [...admissions].flatMap(([protocol, counts]) =>
    admissionOutcomes.map((outcome) =>
      counter('chaperone_admissions_total', 'Clients that asked to connect.', counts[outcome], { protocol, outcome }),
    ),
  );
  return [...open, ...admitted];
}

function ofJournal(journal: Statistics): Measured[] {
  return [
    counter('chaperone_journal_commits_total', 'Batches written to the journal.', journal.commits),
    counter('chaperone_journal_entries_total', 'Entries written to the journal.', journal.entries),
    counter('chaperone_journal_bytes_total', 'Bytes written to the journal.', journal.bytes),
    counter('chaperone_journal_flushes_total', 'Times the journal was flushed to disk.', journal.flushes),
    counter('chaperone_journal_gaps_total', 'Gap entries: bytes that crossed without a record.', journal.gaps),
    gauge('chaperone_journal_pending', 'Pieces that wait for a commit or a flush.', journal.pending),
  ];
}

function ofArchive(archive: ArchiveFigures): Measured[] {
  return [
    gauge('chaperone_archive_segments', 'Journal segments that are not archived yet.', archive.segmentsWaiting),
    gauge('chaperone_archive_lag_bytes', 'Committed bytes that the catalog does not show yet.', archive.lagBytes),
    counter('chaperone_archive_exchanges_total', 'Exchanges archived.', archive.exchanges),
    gauge('chaperone_archive_faulty', 'Whether archiving stands still because of a fault.', archive.fault === null ? 0 : 1),
  ];
}

function counter(name: string, help: string, value: number, labels?: Measured['labels']): Measured {
  return { name, help, type: 'counter', value, ...(labels ? { labels } : {}) };
}
function gauge(name: string, help: string, value: number, labels?: Measured['labels']): Measured {
  return { name, help, type: 'gauge', value, ...(labels ? { labels } : {}) };
}
