import { encodePktLine, flush, onBand, PktLineReader, textOf } from '../../wire/pkt-line.ts';
import type { RefCommand } from './push-request.ts';

/** Which way a client can be told of its push, as it has negotiated. */
export function canReport(capabilities: ReadonlySet<string>): boolean {
  return capabilities.has('report-status') || capabilities.has('report-status-v2');
}
export function hasBands(capabilities: ReadonlySet<string>): boolean {
  return capabilities.has('side-band-64k');
}

/** Says no to every ref of a push in git's own report (gitprotocol-pack(5), "Report Status"), with words for whoever reads along. */
export function refusalReport(commands: readonly RefCommand[], capabilities: ReadonlySet<string>, reason: string, words: string): Buffer {
  const why = reason.replaceAll(/[\r\n\0]+/g, ' ').slice(0, 400);
  const lines = [encodePktLine('unpack ok\n'), ...commands.map(({ ref }) => encodePktLine(`ng ${ref} ${why}\n`)), flush];
  const report = Buffer.concat(lines);
  if (!hasBands(capabilities)) return report;
  return Buffer.concat([onBand(2, `${words}\n`), onBand(1, report), flush]);
}

/** Words on the second band, which git shows line by line behind `remote:`. */
export function progress(words: string): Buffer {
  return onBand(2, `${words}\n`);
}

/** The last words to a client: git shows them, and fails. */
export function lastWords(words: string): Buffer {
  return onBand(3, `${words}\n`);
}

/** An empty line of data: git's own keep-alive (receive.keepAlive of git-config(1)). */
export const keepAlive: Buffer = onBand(1, '');

/** So much of a report is read; that of 2,000 refs has some 200 KiB. */
const longestReport = 8 * 1024 * 1024;

/** Reads the target's report as it passes. What it does not understand it takes for no success. */
export class ReportReader {
  readonly #outer: PktLineReader | null;
  readonly #report = new PktLineReader();
  readonly #accepted = new Set<string>();
  #rejected: string | null = null;
  #unpacked = false;
  #bytes = 0;
  #broken = false;

  constructor(capabilities: ReadonlySet<string>) {
    this.#outer = hasBands(capabilities) ? new PktLineReader() : null;
  }

  feed(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#broken || this.#bytes > longestReport) return;
    try {
      if (this.#outer === null) this.#read(bytes);
      else for (const line of this.#outer.feed(bytes)) if (line.kind === 'line' && line.bytes[0] === 1) this.#read(line.bytes.subarray(1));
    } catch {
      // The target's answer passes as it is; that nobody can read it is said by `unpacked` and by the outcome.
      this.#broken = true;
    }
  }

  /** Whether the target has taken the objects. */
  get unpacked(): boolean {
    return this.#unpacked && !this.#broken;
  }
  accepted(ref: string): boolean {
    return this.unpacked && this.#accepted.has(ref);
  }
  /** The first thing that the target refused, in its words. */
  get rejected(): string | null {
    return this.#rejected;
  }

  #read(bytes: Buffer): void {
    for (const line of this.#report.feed(bytes)) {
      if (line.kind !== 'line') continue;
      const text = textOf(line.bytes);
      if (text === 'unpack ok') this.#unpacked = true;
      else if (text.startsWith('ok ')) this.#accepted.add(text.slice(3));
      else if (text.startsWith('ng ') || text.startsWith('unpack ')) this.#rejected ??= text;
    }
  }
}
