import { count } from './counting.ts';

/** What is kept for how long, and what can be said of the record. */
export const evidenceWords = {
  retention: {
    says: 'How long recordings are kept, what is kept now, and what goes next. It is configured with each connection.',
    none: 'Nothing is kept yet, and no connection is configured.',
    heads: {
      connection: 'Connection',
      kept: 'Kept for',
      sessions: 'Sessions',
      crossed: 'Crossed',
      oldest: 'Oldest kept',
      next: 'Next to go',
    },
    notConfigured: 'not configured now',
    madeUp: 'other names that clients made up',
    open: (active: number) => (active === 0 ? '' : `${active.toLocaleString()} open`),
    due: 'due',
    incomplete: 'Not all sessions were looked through in the time there is: the oldest were, and counts are at least what is shown.',
    disk: (size: string, files: number, complete: boolean) =>
      `All recordings take ${complete ? '' : 'at least '}${size} on disk, compressed, in ${count(files, 'file')}.`,
    rules: [
      'A recording is deleted within the hour after its time is over, counted from the end of its session; what goes on is never deleted.',
      'A session keeps the retention that its connection had when it began. A change counts for later sessions.',
      'That it is deleted is on the audit trail before it happens, with the SHA-256 of the file. The audit trail itself is not deleted.',
      'Nothing but a longer retention keeps a recording from being deleted: there are no legal holds.',
    ],
    deleted: 'Deleted lately',
    noDeleted: 'Nothing has been deleted.',
    deletedHeads: { at: 'When', connection: 'Connection', session: 'Session', size: 'Size', digest: 'SHA-256 of the file' },
    allDeleted: 'All of them are on the audit trail, as retention.deleted.',
  },
  proof: {
    says: 'What can be said of the record today, and what cannot.',
    now: 'Now',
    ready: 'New sessions are admitted and recorded.',
    notReady: 'No new session is admitted:',
    archived: 'Everything committed is in the archive.',
    lag: (size: string) => `${size} are committed to the journal and not yet in the archive. The journal keeps them until they are.`,
    lagUnknown: 'How far the archive is behind the journal is not known.',
    segments: (segments: number) =>
      `${count(segments, 'journal segment')} on disk, the one being written among them; each is deleted once all of it is durable in the archive.`,
    standsStill: 'The archive stands still because of a fault. The journal keeps what is not archived, and it is tried again.',
    gapsSinceStart: (gaps: number) =>
      gaps === 0 ? 'Nothing has crossed without a record since the gateway started.' : `${count(gaps, 'gap')} since the gateway started.`,
    connections: 'By connection',
    none: 'Nothing has been recorded yet.',
    heads: { connection: 'Connection', sessions: 'Sessions', open: 'Not whole yet', cut: 'Cut off', gaps: 'With gaps', last: 'Last whole' },
    missing: 'What is missing',
    continuous: 'No segment of the journal is missing or damaged, and no session skips a number, as far as was ever found.',
    gapSays: 'It crossed without a record; the recording says where, how much and why.',
    gaps: (sessions: number) => `${count(sessions, 'session')} with a gap`,
    more: (left: number) => `and ${left.toLocaleString()} more`,
    kinds: {
      'segment-damaged': 'a segment of the journal is damaged',
      'segment-missing': 'a segment of the journal is missing',
      'sequence-gap': 'entries of a session are missing',
      'may-miss-entries': 'a session may miss entries',
    },
    starts: 'Starts and recovery',
    start: {
      clean: 'Found everything ended and whole.',
      recovered: (sessions: number) =>
        `Found ${count(sessions, 'session')} that the gateway before had left open, and marked them as cut off.`,
      torn: (bytes: number) => `Cut ${count(bytes, 'byte')} of a half-written entry off the journal and put them aside.`,
      unknown: 'Did not say what it found.',
    },
    noStarts: 'No start is on the trail.',
    damages: 'What a start found wrong',
    evidence: 'What proves it',
    proves: 'What it shows',
    provesNot: 'What it does not',
    shows: [
      'Each entry has a CRC-32, and each block of a recording another: damage is found when it is read.',
      'Entries of a session are numbered without holes, and so are the journal’s segments: what is missing between is found.',
      'What is deleted by retention is on the audit trail first, with the SHA-256 of what the file held.',
    ],
    showsNot: [
      'Not signed: nothing here proves to somebody else who wrote the record.',
      'Not chained: whoever can write to the state folder can change an entry and its checksum, or take away the newest sessions, and leave no trace.',
      'As of now: the page tells what the gateway knows, and does not read the recordings again.',
    ],
    offline: 'Check it without the gateway',
    offlineSays: 'From a copy of the state folder, on another machine. Reading a recording checks every checksum in it:',
    offlineCommand: 'chaperone sessions --state DIR\nchaperone replay SESSION --state DIR',
  },
} as const;
