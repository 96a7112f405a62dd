import type { AuditEvent } from '../../core/entry.ts';
import { ChaperoneError } from '../../core/errors.ts';
import { sessionBytes } from '../../core/frame.ts';
import { auditPayload } from './encoding.ts';
import type { Party } from './party.ts';
import type { Writer } from './writer.ts';

const noBytes = new Uint8Array(0);

/** The audit trail of one start of the gateway. It is rare and it is evidence, so it always waits for the disk. */
export class Ledger implements Party {
  readonly id: string;
  readonly sessionBytes: Uint8Array;
  readonly durability = 'fsync';
  readonly goesOn = false;
  readonly places = null;
  readonly halted = false;
  sequence = 0;
  committed = 0;
  batch = 0;
  readonly #writer: Writer;

  constructor(id: string, writer: Writer) {
    this.id = id;
    this.sessionBytes = sessionBytes(id);
    this.#writer = writer;
  }

  write(event: AuditEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writer.append(this, 0, 'audit', null, auditPayload(event));
      const fail = (fault: Error) =>
        reject(new ChaperoneError('RECORDER_FAULT', `"${event.event}" could not be put on record: ${fault.message}`, { cause: fault }));
      this.#writer.await(this, 0, 'request', noBytes, { receive: () => resolve() }, fail);
    });
  }

  /** Writes past the batch, to see whether the journal can be written again. Throws where it cannot. */
  writeNow(event: AuditEvent): void {
    this.#writer.writeNow(this, (put) => put(0, 'audit', null, auditPayload(event)));
  }

  // Both are for bytes that cross; nothing crosses here.
  lost(): void {}
  broke(): void {}
}
