import type { OnReadOpts } from 'node:net';

/** What one read brings at most: four of these are in a processor's second cache together, and more in one call is no faster. */
const areaBytes = 256 * 1024;
/** A read that is shorter is not worth an area of its own. */
const longRead = areaBytes / 4;
/** What is free beyond this goes to the collector. */
const mostFree = 16;

/** Memory that one socket reads into at a time. */
interface Area {
  readonly bytes: Buffer;
  holds: number;
  /** Whether a socket's next read goes there. */
  current: boolean;
  /** How much the last read brought. */
  filled: number;
}

const free: Area[] = [];
const areas = new WeakMap<ArrayBufferLike, Area>();
const held = new WeakMap<Uint8Array, Area>();
/** Short reads of all sockets go here: what one has brought is used before the next begins. */
const shared = Buffer.allocUnsafeSlow(longRead);

/**
 * Bytes that outlive the call by which they came, as they are: the memory that they were read into is not read into again before they
 * are given back. Those of a short read are copied, and memory that is not lent needs nothing.
 */
export function hold(bytes: Buffer): Buffer {
  const area = areas.get(bytes.buffer);
  if (bytes.buffer === shared.buffer || (area !== undefined && area.filled < longRead)) return Buffer.from(bytes);
  if (area === undefined || held.has(bytes)) return bytes;
  area.holds += 1;
  held.set(bytes, area);
  return bytes;
}

/** Such bytes are worth more than what it costs to free them. */
const ownedBytes = 16 * 1024;
const owned = new WeakSet<Uint8Array>();

/**
 * Bytes in memory of their own, at which nobody looks but whoever is handed these: given back, they are freed at once. The collector, which
 * sees small objects only, lets tens of megabytes of such memory come together.
 */
export function own(bytes: Buffer): Buffer {
  if (bytes.length >= ownedBytes && bytes.length === bytes.buffer.byteLength) owned.add(bytes);
  return bytes;
}

/** Whether these very bytes are to be given back. */
export function isHeld(bytes: Uint8Array): boolean {
  return held.has(bytes) || owned.has(bytes);
}

/** Nobody looks at these any more. Only the very object that was held counts; what never comes back is the collector's. */
export function giveBack(bytes: Uint8Array): void {
  if (owned.delete(bytes) && bytes.buffer instanceof ArrayBuffer) return void bytes.buffer.transfer(0);
  const area = held.get(bytes);
  if (area === undefined) return;
  held.delete(bytes);
  area.holds -= 1;
  if (area.holds === 0 && !area.current) keep(area);
}

function keep(area: Area): void {
  if (free.length < mostFree) free.push(area);
}

function takeArea(): Area {
  const area = free.pop() ?? { bytes: Buffer.allocUnsafeSlow(areaBytes), holds: 0, current: false, filled: 0 };
  areas.set(area.bytes.buffer, area);
  area.current = true;
  return area;
}

/**
 * Reads a plain socket into memory that is used again. What it hands over is good until the call returns: whoever keeps any of it for
 * longer copies it, or passes it on by `hold`.
 */
export class LentReading {
  /** What `connect` takes. */
  readonly options: OnReadOpts;
  /** Whether something came before anybody wanted it. */
  early = false;
  #take: ((bytes: Buffer) => void) | null = null;
  #area: Area | null = null;
  #long = false;

  constructor() {
    this.options = { buffer: () => this.#next(), callback: (count, into) => this.#read(count, into) };
  }

  to(take: (bytes: Buffer) => void): void {
    this.#take = take;
  }

  #read(count: number, into: Uint8Array): boolean {
    this.#long = count >= longRead;
    if (this.#area !== null) this.#area.filled = count;
    if (this.#take === null) this.early = true;
    else this.#take(Buffer.from(into.buffer, into.byteOffset, count));
    return true;
  }

  /** Where the next read goes, for Node: to an area of its own while reads are long. */
  #next(): Buffer {
    const before = this.#area;
    if (before !== null && this.#long && before.holds === 0) return before.bytes;
    this.#area = this.#long ? takeArea() : null;
    if (before !== null) {
      before.current = false;
      if (before.holds === 0) keep(before);
    }
    return this.#area?.bytes ?? shared;
  }
}
