import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainAction } from '../../core/action.ts';
import type { Entry, EntryBody, SessionFacts } from '../../core/entry.ts';
import { readFrame } from '../../core/frame.ts';
import { SaidSoFar } from '../../core/said.ts';
import { createId } from '../../core/identifier.ts';
import type { Receiver, RecordingTerms } from '../../core/recorder.ts';
import { segmentHeaderBytes, segmentNumber } from '../../core/segment.ts';
import { noGrounds } from '../../core/verdict.ts';
import { type Journal, type JournalOptions, openJournal } from './journal.ts';

/** What the tests of the journal share: a state folder that cleans itself up, and a reader of what is on disk. */
export class TestState {
  readonly path: string;
  readonly folder: string;
  readonly lines: string[] = [];
  readonly #open: Journal[] = [];

  constructor(path: string = mkdtempSync(join(tmpdir(), 'chaperone-journal-'))) {
    this.path = path;
    this.folder = join(path, 'journal');
  }

  async open(more: Partial<JournalOptions> = {}): Promise<Journal> {
    const journal = await openJournal({
      folder: this.folder,
      reserveBytes: 64 * 1024,
      now: Date.now,
      log: (line) => this.lines.push(line),
      gatewayId: createId(),
      ...more,
    });
    this.#open.push(journal);
    return journal;
  }

  entries(): Entry[] {
    return readJournal(this.folder);
  }

  of(session: string): Entry[] {
    return this.entries().filter((entry) => entry.session === session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const journal of this.#open) await journal.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Every whole entry of every segment, in order. */
export function readJournal(folder: string): Entry[] {
  const entries: Entry[] = [];
  const names = readdirSync(folder).filter((name) => segmentNumber(name) !== null);
  for (const name of names.sort()) {
    const buffer = readFileSync(join(folder, name));
    const said = new SaidSoFar();
    for (let read = readFrame(buffer, segmentHeaderBytes, said); read.kind === 'entry'; read = readFrame(buffer, read.next, said))
      entries.push(read.entry);
  }
  return entries;
}

export function kindsOf(entries: readonly Entry[]): EntryBody['kind'][] {
  return entries.map(({ kind }) => kind);
}

/** Hands what was released to a function. */
export function receiver(receive: Receiver['receive']): Receiver {
  return { receive };
}

export const terms: RecordingTerms = { durability: 'write', onFailure: 'stop', contentLimit: 64 * 1024 * 1024 };

export const action = plainAction('toy:read', 'read', 'read a thing');

export const done = { status: 'ok', rows: 1, tag: 'DONE', error: null } as const;

export const left = { status: 'ended', reason: 'The client left.' } as const;

export function factsOf(id: string = createId()): SessionFacts {
  const decision = { verdict: 'permitted', code: null, reason: null, detail: null, grounds: noGrounds, approval: null } as const;
  const startedAt = Date.now();
  return {
    id,
    connection: 'toy',
    protocol: 'toy',
    principal: null,
    run: null,
    clientAddress: '127.0.0.1',
    startedAt,
    decision,
    retentionDays: 1,
  };
}
