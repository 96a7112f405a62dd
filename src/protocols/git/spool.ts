import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../core/errors.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { type Call, headerOf } from './call.ts';
import type { Growth } from './growing-file.ts';
import { PushReader, type PushRequest } from './push-request.ts';

/** What a client has sent, on disk. */
export interface Spooled {
  readonly path: string;
  readonly bytes: number;
  /** Longer than it may be: the rest is not there. */
  readonly over: boolean;
  /** Why the rest could not be written; null where it was. */
  readonly fault: string | null;
}

/** What stands before the pack; `probe` where there is nothing else; or why it cannot be read, in a sentence without its full stop. */
export type Head = PushRequest | 'probe' | { readonly why: string };

const probe = '0000';
const none = Buffer.alloc(0);

/** A push on its way to disk, which can be read from there as it comes. */
export class Spool {
  readonly path: string;
  readonly gzip: boolean;
  /** As soon as it is there. */
  readonly head: Promise<Head>;
  /** Null where the client breaks off. */
  readonly done: Promise<Spooled | null>;
  readonly #call: Call;
  readonly #most: number;
  readonly #reader = new PushReader();
  readonly #settle: (head: Head | PromiseLike<Head>) => void;
  #growth: Growth = { bytes: 0, whole: false };
  #follower: ((growth: Growth) => void) | null = null;
  #hasHead = false;
  /** All that has come while it may be a probe. */
  #first: Buffer = none;

  constructor(call: Call, path: string, most: number) {
    this.#call = call;
    this.path = path;
    this.#most = most;
    this.gzip = headerOf(call.visit, 'content-encoding') === 'gzip';
    const { promise, resolve } = Promise.withResolvers<Head>();
    this.head = promise;
    this.#settle = resolve;
    const why = whyNotGits(call);
    if (why !== null) resolve({ why });
    this.#hasHead = why !== null;
    // Whatever happens, nobody waits for the head for ever.
    this.done = this.#take().finally(() => resolve({ why: 'The push cannot be read' }));
    // It is waited for behind the head.
    this.done.catch(() => {});
  }

  /** Tells how far it has come, now and whenever it has come further. A push that is too long or breaks off never becomes whole. */
  follow(follower: (growth: Growth) => void): void {
    this.#follower = follower;
    follower(this.#growth);
  }

  async #take(): Promise<Spooled | null> {
    const { visit } = this.#call;
    visit.proceed();
    const file = await open(this.path, 'wx', 0o600);
    let bytes = 0;
    let over = false;
    let fault: string | null = null;
    try {
      for await (const piece of visit.request as AsyncIterable<Buffer>) {
        over ||= bytes + piece.length > this.#most;
        // What nobody wants is read and dropped, since a client that is still sending does not listen.
        if (over || fault !== null) continue;
        fault = await file.write(piece).then(() => null, messageOf);
        if (fault !== null) continue;
        bytes += piece.length;
        if (!this.gzip) this.#read(piece);
        this.#tell({ bytes, whole: false });
      }
    } catch {
      this.#settle({ why: 'The push breaks off' });
      return null;
    } finally {
      await file.close();
    }
    if (this.gzip) this.#settle(this.#inflatedHead());
    else this.#finishHead();
    if (!over && fault === null) this.#tell({ bytes, whole: true });
    return { path: this.path, bytes, over, fault };
  }

  #tell(growth: Growth): void {
    this.#growth = growth;
    this.#follower?.(growth);
  }

  #read(piece: Buffer): void {
    if (this.#hasHead) return;
    const block = Buffer.concat([this.#first, piece]);
    this.#first = block.length > probe.length ? none : block;
    if (block.length <= probe.length) return;
    try {
      const request = this.#reader.feed(block);
      if (request === null) return;
      this.#settle(request);
    } catch (fault) {
      this.#settle(flawOf(fault));
    }
    this.#hasHead = true;
  }

  #finishHead(): void {
    if (this.#first.toString('latin1') === probe) this.#settle('probe');
    else this.#settle({ why: 'The push breaks off before its pack' });
  }

  async #inflatedHead(): Promise<Head> {
    const file = createReadStream(this.path);
    try {
      for await (const chunk of file.pipe(createGunzip()) as AsyncIterable<Buffer>) {
        const request = this.#reader.feed(chunk);
        if (request !== null) return request;
      }
      return { why: 'The push breaks off before its pack' };
    } catch (fault) {
      return flawOf(fault);
    } finally {
      file.destroy();
    }
  }
}

function whyNotGits({ visit }: Call): string | null {
  if (headerOf(visit, 'content-type') !== 'application/x-git-receive-pack-request') return 'The request is not one of git’s';
  const encoding = headerOf(visit, 'content-encoding');
  return encoding !== null && encoding !== 'gzip' ? 'The push is compressed by something else than gzip' : null;
}

function flawOf(fault: unknown): Head {
  return { why: fault instanceof MalformedBytes ? `The push has ${fault.message}` : 'The push cannot be decompressed' };
}
