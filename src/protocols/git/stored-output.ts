import { type FileHandle, open, unlink } from 'node:fs/promises';
import { setTimeout as later } from 'node:timers/promises';
import { complaintOf, ended, type GitPlace, type GitWriter, startGitInto } from './native.ts';

const pieceBytes = 256 * 1024;
/** How long until it is looked again whether git has written more. */
const lookMs = 2;

/**
 * What git writes, by way of a file that has no name: git goes on while what it wrote before is looked through. By a pipe it would wait for
 * its reader every 64 KiB, and both would take turns instead of a processor each.
 */
export class StoredOutput implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #child: GitWriter;
  readonly #end: Promise<void>;
  #ended = false;

  private constructor(file: FileHandle, child: GitWriter, args: readonly string[]) {
    this.#file = file;
    this.#child = child;
    this.#end = ended(child, args, complaintOf(child)).finally(() => (this.#ended = true));
    // Asked for where its output is read.
    this.#end.catch(() => {});
  }

  /** Starts git; it is killed once it has written `most` bytes and some more. `path` is free, and is so again at once. */
  static async of(place: GitPlace, args: readonly string[], run: OutputRun): Promise<StoredOutput> {
    const file = await open(run.path, 'wx+', 0o600);
    try {
      await unlink(run.path);
      const child = startGitInto(place, args, run.signal, { file: file.fd, most: run.most });
      child.stdin.end(run.input);
      return new StoredOutput(file, child, args);
    } catch (fault) {
      await file.close();
      throw fault;
    }
  }

  /** As it comes. Throws GitFailed where git has failed, once all is read that it wrote. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      const wasEnded = this.#ended;
      const piece = Buffer.allocUnsafe(pieceBytes);
      const { bytesRead } = await this.#file.read(piece, 0, pieceBytes, at);
      at += bytesRead;
      if (bytesRead > 0) yield piece.subarray(0, bytesRead);
      else if (wasEnded) return this.#end;
      else await later(lookMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#end.catch(() => {});
    await this.#file.close();
  }
}

interface OutputRun {
  readonly path: string;
  readonly input: string;
  readonly most: number;
  readonly signal: AbortSignal;
}
