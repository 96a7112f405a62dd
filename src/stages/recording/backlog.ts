import type { Direction, Entry } from '../../core/entry.ts';
import { bytesOf, type Payload } from '../../core/known-payload.ts';
import { gapPayload } from './encoding.ts';

/** A session may owe the journal this much before single entries become a mere count. */
const mostItems = 1024;
const mostBytes = 256 * 1024;

export type Put = (exchange: number, kind: Entry['kind'], direction: Direction | null, payload: Payload) => void;

type Item =
  | { readonly kind: 'gap'; readonly exchange: number; readonly direction: Direction; count: number }
  | {
      readonly kind: Exclude<Entry['kind'], 'gap'>;
      readonly exchange: number;
      readonly direction: Direction | null;
      readonly payload: Uint8Array;
    };

/** What one session owes the journal while the journal cannot be written: its entries, and counts in place of bytes. */
export class Backlog {
  #items: Item[] = [];
  #bytes = 0;
  #overflow = { request: 0, reply: 0, entries: 0 };

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#overflow.entries === 0 && this.#overflow.request + this.#overflow.reply === 0;
  }

  /** `must`: what opens or closes the session is kept at any size. */
  keep(kind: Entry['kind'], exchange: number, direction: Direction | null, given: Payload, must: boolean): void {
    if (kind === 'gap') return;
    const payload = bytesOf(given);
    if (!must && this.#isFull(payload.length)) {
      this.#overflow.entries += 1;
      return;
    }
    this.#items.push({ kind, exchange, direction, payload });
    this.#bytes += payload.length;
  }

  lose(exchange: number, direction: Direction, count: number): void {
    const last = this.#items.at(-1);
    if (last?.kind === 'gap' && last.exchange === exchange && last.direction === direction) last.count += count;
    else if (this.#isFull(0)) this.#overflow[direction] += count;
    else this.#items.push({ kind: 'gap', exchange, direction, count });
  }

  /** Hands over everything owed, in order, and returns how many of it are gaps. Nothing is forgotten before `clear`. */
  put(put: Put, reason: string): number {
    let gaps = 0;
    const gap = (exchange: number, direction: Direction, count: number, why: string) => {
      gaps += 1;
      put(exchange, 'gap', direction, gapPayload(direction, count, why));
    };
    const { request, reply, entries } = this.#overflow;
    const last = this.#items.at(-1);
    const closing = last?.kind === 'end' ? last : null;
    for (const item of this.#items) {
      if (item.kind === 'gap') gap(item.exchange, item.direction, item.count, reason);
      else if (item !== closing) put(item.exchange, item.kind, item.direction, item.payload);
    }
    const more = entries > 0 ? `${reason}; ${entries} entries are missing too` : reason;
    if (request > 0 || entries > 0) gap(0, 'request', request, more);
    if (reply > 0) gap(0, 'reply', reply, reason);
    if (closing !== null) put(closing.exchange, closing.kind, closing.direction, closing.payload);
    return gaps;
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#overflow = { request: 0, reply: 0, entries: 0 };
  }

  #isFull(more: number): boolean {
    return this.#items.length >= mostItems || this.#bytes + more > mostBytes;
  }
}
