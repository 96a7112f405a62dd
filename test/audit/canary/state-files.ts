import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { Haystack } from '../../e2e/secret-forms.ts';

/** Every file of a gateway's state, as it is and with what is packed in it unpacked. */
export async function* filesIn(state: string): AsyncGenerator<Haystack> {
  for await (const path of glob(join(state, '**/*'))) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) continue;
    yield { where: path, bytes };
    for (const block of unpacked(bytes)) yield { where: `${path}, unpacked`, bytes: block };
  }
}

/** The zstd frames in a file, whatever stands between them. */
function unpacked(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 4)) {
    try {
      blocks.push(zstdDecompressSync(bytes.subarray(at)));
    } catch {
      // Not the beginning of a frame.
    }
  }
  return blocks;
}
