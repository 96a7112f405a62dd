import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { asciicastText } from '../archive/asciicast.ts';
import type { AuditorKey } from '../archive/auditor-key.ts';
import type { RecordingLine } from '../archive/decoded.ts';
import { harText } from '../archive/har.ts';
import { patchText } from '../archive/patches.ts';
import { messageOf } from '../core/errors.ts';
import { CommandFailure } from './failure.ts';
import type { Streams } from './output.ts';
import { existingSession, type RecordSource } from './record-source.ts';
import { counted, jsonLine } from './visible.ts';

export interface ExportOptions {
  readonly format: 'ndjson' | 'har' | 'patch' | 'asciicast';
  /** Only this exchange. */
  readonly exchange: number | null;
  /** Null: standard output. */
  readonly output: string | null;
  readonly json: boolean;
  /** Shows the originals that were sealed to it; null shows what crossed. */
  readonly auditor: AuditorKey | null;
}

interface Written {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes a session's recording: one entry a line, its requests as an HTTP Archive, what was pushed as a mailbox, or its terminals as an asciicast. A file appears under its name only once it is whole, for its owner alone. */
export async function exportSession(source: RecordSource, id: string, options: ExportOptions, { out, err }: Streams): Promise<void> {
  await existingSession(source, id);
  const read = (exchange = options.exchange ?? undefined) => recordingLines(source, id, options.auditor, exchange);
  const forms = {
    ndjson: () => lineTexts(read()),
    har: () => harText(read()),
    patch: () => patchText(read),
    asciicast: () => asciicastText(read),
  };
  const texts = forms[options.format];
  if (options.output === null) {
    await writeTexts(texts(), (text) => out.write(text));
    return;
  }
  const written = await writeFileWhole(texts(), options.output);
  const { lines, bytes, sha256 } = written;
  if (options.json) await out.write(`${jsonLine({ session: id, format: options.format, file: options.output, ...written })}\n`);
  else await err.write(`${options.output}: ${counted(lines, 'line')}, ${counted(bytes, 'byte')}, sha256 ${sha256}\n`);
}

/** Whatever has the record gives lines of this form: the API's answers are made of them. */
function recordingLines(
  source: RecordSource,
  id: string,
  auditor: AuditorKey | null,
  exchange: number | undefined,
): AsyncIterable<RecordingLine> {
  return source.recording(id, auditor, exchange === undefined ? {} : { exchange }) as AsyncIterable<RecordingLine>;
}

async function* lineTexts(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield `${jsonLine(line)}\n`;
}

async function writeFileWhole(texts: AsyncIterable<string>, path: string): Promise<Written> {
  const partial = `${path}.partial`;
  try {
    // 0600 and `wx`: a recording holds data, and a file or link that waits under this name is not to be written through.
    const file = await open(partial, 'wx', 0o600);
    try {
      const written = await writeTexts(texts, (text) => file.writeFile(text));
      await file.sync();
      await file.close();
      await rename(partial, path);
      return written;
    } catch (fault) {
      await file.close();
      await rm(partial, { force: true });
      throw fault;
    }
  } catch (fault) {
    if (!(fault instanceof Error && 'syscall' in fault)) throw fault;
    throw new CommandFailure('REQUEST_INVALID', `${path} could not be written: ${messageOf(fault)}.`, 'Name another file with --output.');
  }
}

async function writeTexts(texts: AsyncIterable<string>, write: (text: string) => Promise<void>): Promise<Written> {
  const hash = createHash('sha256');
  let count = 0;
  let bytes = 0;
  for await (const text of texts) {
    hash.update(text);
    count += 1;
    bytes += Buffer.byteLength(text);
    await write(text);
  }
  return { lines: count, bytes, sha256: hash.digest('hex') };
}
