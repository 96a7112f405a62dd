import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../core/entry.ts';
import type { SoFar } from '../stages/approvals/approval.ts';
import type { ApprovalDesk, Told } from '../stages/approvals/desk.ts';
import { type OpenDesk, openDesk } from '../stages/approvals/index.ts';
import type { Place } from '../wire/dial.ts';
import { approvalAddress, type DeskData } from './approvals.ts';

/** What the thread that keeps the approvals answers the data plane. */
export type DeskHandlers = { readonly [name in 'recall' | 'open' | 'use' | 'leave' | 'policiesChanged']: ApprovalDesk[name] };

/** What it asks of the data plane. */
export type DataPlaneCalls = {
  audit(event: AuditEvent): Promise<void>;
  told(told: Told): Promise<void>;
};

/** `opened` is asked at each call: the desk opens after its thread has begun to answer. */
export function deskHandlers(opened: () => OpenDesk | null): DeskHandlers {
  const desk = (): ApprovalDesk => {
    const found = opened();
    if (found === null) throw new Error('the approvals have not been opened');
    return found.desk;
  };
  return {
    recall: (question) => desk().recall(question),
    open: (question) => desk().open(question),
    use: (answer) => desk().use(answer),
    leave: (question) => desk().leave(question),
    policiesChanged: (version) => desk().policiesChanged(version),
  };
}

/** Opens the approvals of a state folder. `console` says where they are found, once that is known better than by configuration. */
export function openDeskIn(
  state: string,
  { url, ...data }: DeskData,
  console: () => Place,
  secure: boolean,
  main: DataPlaneCalls,
  soFar: (session: string) => SoFar | null,
  log: (line: string) => void,
): Promise<OpenDesk> {
  const path = join(state, 'approvals.db');
  // SQLite gives a new file the process's default mode, and its -wal and -shm the mode of the database.
  closeSync(openSync(path, 'a', 0o600));
  return openDesk({
    ...data,
    path,
    address: () => approvalAddress(url, console(), secure),
    now: Date.now,
    soFar,
    audit: (event) => main.audit(event),
    tell: (told) => void main.told(told).catch((fault: unknown) => log(`who waits for approval ${told.id} was not told: ${String(fault)}`)),
    log,
  });
}
