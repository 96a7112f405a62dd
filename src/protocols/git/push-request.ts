import { MalformedBytes } from '../../wire/byte-reader.ts';
import { PktLineReader, textOf } from '../../wire/pkt-line.ts';

/** One update of a ref that a client asks for. An id of zeros is none. */
export interface RefCommand {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

/** A push without its pack, as gitprotocol-pack(5) has it. */
export interface PushRequest {
  readonly commands: readonly RefCommand[];
  readonly capabilities: ReadonlySet<string>;
  readonly options: readonly string[];
  /** Where a pack begins, or would. */
  readonly packAt: number;
}

const pushLimits = { commands: 2_000, headBytes: 4 * 1024 * 1024, ref: 1_024, options: 64, option: 1_024 } as const;

/** The ids of one push have one length: 40 digits, or 64 where the repository is one of SHA-256. */
const command = /^(?:([0-9a-f]{40}) ([0-9a-f]{40})|([0-9a-f]{64}) ([0-9a-f]{64})) (refs\/.+)$/;
const none = /^0+$/;

export function isNone(id: string): boolean {
  return none.test(id);
}

/** Reads the head of a push as it comes. */
export class PushReader {
  readonly #lines = new PktLineReader();
  readonly #commands: RefCommand[] = [];
  readonly #options: string[] = [];
  readonly #refs = new Set<string>();
  #capabilities: ReadonlySet<string> = new Set();
  #fed = 0;
  #inOptions = false;

  /** The request once it is whole; null until then. Throws MalformedBytes where it is none. */
  feed(bytes: Buffer): PushRequest | null {
    this.#fed += bytes.length;
    for (const line of this.#lines.feed(bytes)) {
      if (line.kind === 'line') this.#line(line.bytes);
      else if (line.kind !== 'flush') throw new MalformedBytes('a mark of protocol version 2 in a push');
      else if (this.#inOptions || !this.#capabilities.has('push-options')) return this.#finish();
      else this.#inOptions = true;
    }
    if (this.#fed > pushLimits.headBytes) throw new MalformedBytes(`a push with more than ${pushLimits.headBytes} bytes before its pack`);
    return null;
  }

  #line(bytes: Buffer): void {
    if (this.#inOptions) return this.#option(textOf(bytes));
    const nul = bytes.indexOf(0);
    if (nul !== -1 && this.#commands.length > 0) throw new MalformedBytes('capabilities behind the first command');
    if (nul !== -1)
      this.#capabilities = new Set(
        textOf(bytes.subarray(nul + 1))
          .split(' ')
          .filter((word) => word !== ''),
      );
    const text = textOf(nul === -1 ? bytes : bytes.subarray(0, nul));
    // What a shallow client does not have does not matter here: the target and the mirror have it.
    if (/^shallow [0-9a-f]{40,64}$/.test(text) && this.#commands.length === 0 && nul === -1) return;
    this.#command(text);
  }

  #command(text: string): void {
    const [, old40, new40, old64, new64, ref = ''] = command.exec(text) ?? [];
    const [before, after] = [old40 ?? old64, new40 ?? new64];
    if (before === undefined || after === undefined) throw new MalformedBytes('a line that is no update of a ref');
    if (!isRefName(ref)) throw new MalformedBytes('a ref whose name git does not allow');
    if (this.#refs.has(ref)) throw new MalformedBytes(`${ref} is updated twice`);
    // To delete what is not there is asked by zeros on both sides, and is the target's to answer.
    if (before === after && !isNone(after)) throw new MalformedBytes(`${ref} is not changed`);
    if (this.#commands.length >= pushLimits.commands) throw new MalformedBytes(`more than ${pushLimits.commands} refs in one push`);
    this.#refs.add(ref);
    this.#commands.push({ ref, old: before, new: after });
  }

  #option(text: string): void {
    if (this.#options.length >= pushLimits.options || text.length > pushLimits.option) throw new MalformedBytes('too many push options');
    this.#options.push(text);
  }

  #finish(): PushRequest {
    if (this.#commands.length === 0) throw new MalformedBytes('a push of nothing');
    const packAt = this.#fed - this.#lines.rest().length;
    return { commands: this.#commands, capabilities: this.#capabilities, options: this.#options, packAt };
  }
}

/** git-check-ref-format(1), for names below refs/. */
export function isRefName(name: string): boolean {
  if (!name.startsWith('refs/') || name.length > pushLimits.ref || name.includes('\ufffd')) return false;
  for (const character of name) if ((character.codePointAt(0) ?? 0) < 0x21 || character === '\u007f') return false;
  if (/\.\.|@\{|[~^:?*[\\]|\/\/|\/$|\.$/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** Whether a push moves objects: one that only deletes has no pack. */
export function hasPack({ commands }: Pick<PushRequest, 'commands'>): boolean {
  return commands.some((each) => !isNone(each.new));
}
