import type { Direction, Entry, EntryBody, Outcome } from '../../../src/core/entry.ts';
import type { Recorder, SessionRecord } from '../../../src/core/recorder.ts';

const cut: Outcome = { status: 'cut', rows: null, tag: null, error: null };

/** What one session left on record, and what of it was handed on. */
export interface KeptRecord {
  readonly entries: Entry[];
  /** Copies, made when the bytes came: what is changed afterwards is found out. */
  readonly released: { readonly [direction in Direction]: Buffer[] };
  /** How many cancels were handed on: they travel by connections of their own. */
  cancels: number;
  ended: boolean;
}

/**
 * Keeps everything in memory and commits in batches, one turn of the event loop each, as the journal does. From the
 * `failsAt`th entry on it keeps nothing more and says so.
 */
export class MemoryRecorder implements Recorder {
  readonly sessions: KeptRecord[] = [];
  readonly #failsAt: number;
  #waiting: (() => void)[] = [];
  #count = 0;

  constructor(failsAt = Infinity) {
    this.#failsAt = failsAt;
  }

  open(facts: Parameters<Recorder['open']>[0], _terms: unknown, onFault: (fault: Error) => void): SessionRecord {
    const kept: KeptRecord = { entries: [], released: { request: [], reply: [] }, cancels: 0, ended: false };
    this.sessions.push(kept);
    let exchanges = 0;
    const open = new Set<number>();
    let failed = false;
    const put = (exchange: number, body: EntryBody, then: () => void = () => {}) => {
      if (kept.ended || failed) return;
      this.#count += 1;
      if (this.#count >= this.#failsAt) {
        failed = true;
        setImmediate(() => onFault(new Error('the disk is gone')));
        return;
      }
      kept.entries.push({ ...body, session: facts.id, sequence: kept.entries.length, at: kept.entries.length, exchange });
      this.#commit(then);
    };
    put(0, { kind: 'session', facts });
    return {
      exchange: (action) => {
        exchanges += 1;
        open.add(exchanges);
        put(exchanges, { kind: 'exchange', action });
        return exchanges;
      },
      decided: (exchange, decision) => put(exchange, { kind: 'decision', decision }),
      cross: (exchange, direction, bytes, receiver) => {
        const copy = Buffer.from(bytes);
        put(exchange, { kind: 'bytes', direction, bytes: copy }, () => {
          if (receiver === null) return;
          if (isCancel(copy)) kept.cancels += 1;
          else kept.released[direction].push(copy);
          receiver.receive(bytes, direction);
        });
      },
      masked: (exchange, masked) => put(exchange, { kind: 'masked', masked }),
      outcome: (exchange, outcome) => {
        open.delete(exchange);
        put(exchange, { kind: 'outcome', outcome });
      },
      end: (end) =>
        new Promise((resolve) => {
          for (const exchange of open) put(exchange, { kind: 'outcome', outcome: cut });
          put(0, { kind: 'end', end });
          kept.ended = true;
          this.#commit(resolve);
        }),
    };
  }
  audit(): Promise<void> {
    return Promise.resolve();
  }
  unready(): string | null {
    return null;
  }

  #commit(then: () => void): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push(then);
  }
  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    for (const then of batch) then();
  }
}

const cancelCode = 80_877_102;

/** No message of a session begins with a zero, so that nothing else can be taken for one. */
export function isCancel(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.length >= 16 && view.readUInt32BE(0) === view.length && view.readUInt32BE(4) === cancelCode;
}
