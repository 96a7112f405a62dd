import { rmSync, statfsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const stepBytes = 1024 * 1024;
const sectorBytes = 512;

/** Disk space held back, so that open sessions can be closed on record when the disk is full. */
export class Reserve {
  readonly #folder: string;
  readonly #path: string;
  readonly #bytes: number;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#path = join(folder, 'reserve');
    this.#bytes = bytes;
  }

  /** Why there is too little space to take new sessions, or null; `ahead` is what must be free beside the reserve. */
  shortage(ahead: number): string | null {
    const { bavail, bsize } = statfsSync(this.#folder);
    const free = bavail * bsize;
    const wanted = ahead + (this.#isHeld() ? 0 : this.#bytes);
    if (free >= wanted) return null;
    return `${this.#folder} has ${mebibytes(free)} MiB free and the journal needs ${mebibytes(wanted)} MiB; make room, or move the state folder`;
  }

  /** Takes the space. Real zeros: a sparse file or a bare size would hold nothing. */
  async fill(): Promise<void> {
    if (this.#isHeld()) return;
    const file = await open(this.#path, 'w', 0o600);
    try {
      const zeros = Buffer.alloc(Math.min(stepBytes, this.#bytes));
      for (let at = 0; at < this.#bytes; at += zeros.length) await file.write(zeros, 0, Math.min(zeros.length, this.#bytes - at), at);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Gives the space up for what must still be written. */
  release(): void {
    rmSync(this.#path, { force: true });
  }

  #isHeld(): boolean {
    const held = statSync(this.#path, { throwIfNoEntry: false });
    return held !== undefined && held.size === this.#bytes && held.blocks * sectorBytes >= this.#bytes;
  }
}

function mebibytes(bytes: number): string {
  return (bytes / stepBytes).toFixed(1);
}
