import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why there can be no small disk here, or false. */
export function withoutSmallDisk(): string | false {
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    const probe = mkdtempSync(join(tmpdir(), 'chaperone-disk-'));
    const mounted = mount(probe, 1).status === 0;
    if (mounted) spawnSync('umount', [probe]);
    rmSync(probe, { recursive: true });
    if (mounted) return false;
  }
  return 'needs root and mount(8) for a file system of its own that can be full';
}

/** A file system of a few MiB, which can be filled to the last byte. */
export class SmallDisk implements Disposable {
  readonly folder: string;
  readonly #filler: string;

  constructor(mebibytes: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'chaperone-disk-'));
    this.#filler = join(this.folder, 'filler');
    const { status, stderr } = mount(this.folder, mebibytes);
    assert.equal(status, 0, stderr);
  }

  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (let size = 1024 * 1024; size >= 1024; ) {
        try {
          writeSync(file, Buffer.alloc(size));
        } catch (fault) {
          assert.ok(fault instanceof Error && 'code' in fault && fault.code === 'ENOSPC', String(fault));
          size /= 4;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.#filler);
  }

  [Symbol.dispose](): void {
    const { status, stderr } = spawnSync('umount', [this.folder], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    rmSync(this.folder, { recursive: true });
  }
}

function mount(folder: string, mebibytes: number) {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { encoding: 'utf8' });
}
