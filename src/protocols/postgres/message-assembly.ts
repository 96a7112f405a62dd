import type { JsonObject } from '../../core/json.ts';
import { ownBytes } from '../../core/own-bytes.ts';
import type { SavedState } from '../../core/saved-state.ts';

export interface Message {
  /** The type letter, or `untyped` for start-up and cancel, which have none. */
  readonly type: string;
  readonly body: Buffer;
  readonly whole: Buffer;
}

/** A message longer than this is not put together for reading; it stays in the record as it is. */
const readable = 16 * 1024 * 1024;
const nothing = Buffer.alloc(0);

/** Puts messages together from recorded bytes, wherever entries cut them. What cannot be a message ends the reading. */
export class MessageAssembly {
  #held: Buffer = nothing;
  #passing = 0;
  #lost = false;

  feed(bytes: Buffer): readonly Message[] {
    if (this.#lost) return [];
    let chunk = bytes;
    if (this.#passing > 0) {
      const passed = Math.min(this.#passing, chunk.length);
      this.#passing -= passed;
      chunk = chunk.subarray(passed);
    }
    const buffer = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const messages: Message[] = [];
    let at = 0;
    while (buffer.length - at >= 5) {
      const typed = buffer[at] !== 0;
      const total = typed ? buffer.readUInt32BE(at + 1) + 1 : buffer.readUInt32BE(at);
      if (total < 5) {
        this.drop();
        this.#lost = true;
        return messages;
      }
      if (at + total > buffer.length) {
        if (total > readable) {
          this.#passing = at + total - buffer.length;
          at = buffer.length;
        }
        break;
      }
      const whole = buffer.subarray(at, at + total);
      messages.push({ type: typed ? String.fromCharCode(buffer[at] ?? 0) : 'untyped', body: whole.subarray(typed ? 5 : 4), whole });
      at += total;
    }
    // A copy: a view, even of nothing, would keep all of the memory that the bytes came in.
    this.#held = at === buffer.length ? nothing : ownBytes(buffer.subarray(at));
    return messages;
  }

  /** How much of a message it waits with. */
  get heldBytes(): number {
    return this.#held.length;
  }

  save(): JsonObject {
    return { held: this.#held.toString('base64'), passing: this.#passing, lost: this.#lost };
  }

  /** Throws RangeError on what `save` cannot have made. */
  static from(saved: SavedState): MessageAssembly {
    const assembly = new MessageAssembly();
    assembly.#held = saved.bytes('held', readable);
    assembly.#passing = saved.count('passing');
    assembly.#lost = saved.flag('lost');
    return assembly;
  }

  /** Forgets what is half read. */
  drop(): void {
    this.#held = nothing;
    this.#passing = 0;
  }
}
