import type { Direction } from '../../core/entry.ts';
import type { Receiver } from '../../core/recorder.ts';
import type { Party } from './party.ts';

/** What waits for a commit. */
export interface Pending {
  readonly party: Party;
  readonly exchange: number;
  readonly direction: Direction;
  readonly bytes: Uint8Array;
  readonly receiver: Receiver;
  /** Called instead of the receiver where the commit fails; what has one is settled even when its party is halted. */
  readonly fail: ((fault: Error) => void) | null;
}

type Slot = { -readonly [Name in keyof Pending]: Pending[Name] };

const noBytes = new Uint8Array(0);
const nobody: Receiver = { receive: () => {} };
/** What a burst needed beyond these is given back to the collector. */
const slotsKept = 4096;

/** What waits for one commit, in order. Its slots are used again: two objects for each exchange would be a sixth of all garbage. */
export class Waiting {
  readonly #slots: Slot[] = [];
  #count = 0;

  get length(): number {
    return this.#count;
  }

  add(
    party: Party,
    exchange: number,
    direction: Direction,
    bytes: Uint8Array,
    receiver: Receiver,
    fail: ((fault: Error) => void) | null,
  ): void {
    const slot = this.#slots[this.#count];
    if (slot === undefined) this.#slots.push({ party, exchange, direction, bytes, receiver, fail });
    else {
      slot.party = party;
      slot.exchange = exchange;
      slot.direction = direction;
      slot.bytes = bytes;
      slot.receiver = receiver;
      slot.fail = fail;
    }
    this.#count += 1;
  }

  /** Gives out each and lets go of it: nobody may keep one. */
  settle(each: (pending: Pending) => void): void {
    for (let index = 0; index < this.#count; index += 1) {
      const slot = this.#slots[index];
      if (slot !== undefined) each(slot);
    }
    this.#letGo();
  }

  /** All of them, to be kept. */
  takeAll(): Pending[] {
    const all = this.#slots.slice(0, this.#count).map((slot) => ({ ...slot }));
    this.#letGo();
    return all;
  }

  #letGo(): void {
    for (let index = 0; index < this.#count; index += 1) {
      const slot = this.#slots[index];
      if (slot === undefined) break;
      slot.bytes = noBytes;
      slot.receiver = nobody;
      slot.fail = null;
    }
    this.#count = 0;
    if (this.#slots.length > slotsKept) this.#slots.length = slotsKept;
  }
}
