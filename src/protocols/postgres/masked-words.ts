import { type MaskedCount, type SessionMasking, Tally } from '../../core/masking.ts';
import { ByteReader } from '../../wire/byte-reader.ts';
import { encodeFields, maskFields, maskName, nothingSaid, readFields, type Said } from './masking-words.ts';
import { cstring, encodeMessage } from './messages.ts';
import type { StatementExchange } from './statement-exchange.ts';

const code = (letter: string): number => letter.charCodeAt(0);
const [ERROR, NOTICE, NOTIFICATION, PARAMETER_STATUS] = ['E', 'N', 'A', 'S'].map(code);
const headerBytes = 5;

/** Settings that the target reports and whose values are of a fixed set of words, or its own. */
const plainSettings = new Set([
  'client_encoding',
  'server_encoding',
  'server_version',
  'standard_conforming_strings',
  'integer_datetimes',
  'in_hot_standby',
  'is_superuser',
  'default_transaction_read_only',
  'IntervalStyle',
  'DateStyle',
]);

const rememberedSettings = 1_000;

/** What the target says to the gateway itself, as it stands on record: nobody has written what it quotes. */
export function withoutValues(message: Buffer, masking: SessionMasking): Buffer {
  const type = message[0];
  if (type !== ERROR && type !== NOTICE) return message;
  const fields = maskFields(readFields(message.subarray(headerBytes)), nothingSaid, masking, new Tally());
  return encodeFields(type === ERROR ? 'E' : 'N', fields);
}

/** What the target says in words, apart from rows: errors, notices, notifications, settings. */
export class MaskedWords {
  readonly #masking: SessionMasking;
  /** Says what was masked of words that are nobody's answer. */
  readonly #told: (counts: readonly MaskedCount[]) => void;
  #prepared: { readonly source: Buffer; readonly from: number; readonly words: Buffer | null; readonly tally: Tally } | null = null;

  constructor(masking: SessionMasking, told: (counts: readonly MaskedCount[]) => void) {
    this.#masking = masking;
    this.#told = told;
  }

  /** What takes the message’s place, before it is known whose it is; null where it passes. */
  prepare(type: number, buffer: Buffer, from: number, to: number, said: Said): Buffer | null {
    const tally = new Tally();
    const words = this.#masked(type, buffer.subarray(from + headerBytes, to), said, tally);
    this.#prepared = { source: buffer, from, words, tally };
    return words;
  }

  /** The same once it is known, with what was masked counted there. */
  take(type: number, owner: StatementExchange | null, buffer: Buffer, from: number, to: number): Buffer | null {
    if (!isWords(type)) return null;
    const prepared = this.#prepared;
    if (prepared === null || prepared.source !== buffer || prepared.from !== from) this.prepare(type, buffer, from, to, nothingSaid);
    const { words, tally } = this.#prepared ?? { words: null, tally: new Tally() };
    this.#prepared = null;
    if (tally.isEmpty) return words;
    if (owner === null || owner.ended) this.#told(tally.entries());
    else for (const { rule, column, detector, count } of tally.entries()) (owner.tally ??= new Tally()).add(rule, column, detector, count);
    return words;
  }

  #masked(type: number, body: Buffer, said: Said, tally: Tally): Buffer | null {
    if (this.#masking.allMayBeSeen()) return null;
    switch (type) {
      case ERROR:
        return encodeFields('E', maskFields(readFields(body), said, this.#masking, tally));
      case NOTICE:
        return encodeFields('N', maskFields(readFields(body), said, this.#masking, tally));
      case NOTIFICATION:
        return this.#notification(body, tally);
      default:
        return this.#setting(body, said, tally);
    }
  }

  /** What a trigger sends may be a row; who listens asked for that, and not for the row. */
  #notification(body: Buffer, tally: Tally): Buffer {
    const reader = new ByteReader(body);
    const [process, channel, payload] = [body.subarray(0, 4), (reader.uint32(), reader.cstring()), reader.cstring()];
    return encodeMessage('A', process, cstring(channel), cstring(this.#free(payload, 'payload', tally)));
  }

  #free(text: string, what: string, tally: Tally): string {
    if (text === '' || !this.#masking.byColumn) return this.#masking.text(text, tally);
    tally.add('words', null, what);
    return `[redacted:${what}]`;
  }

  /** `set_config` can put any value into a setting that is then reported. */
  #setting(body: Buffer, said: Said, tally: Tally): Buffer | null {
    const reader = new ByteReader(body);
    const [name, value] = [reader.cstring(), reader.cstring()];
    if (plainSettings.has(name)) return null;
    if (!this.#masking.byColumn) return encodeMessage('S', cstring(name), cstring(this.#masking.text(value, tally)));
    if (this.#reported.has(`${name}\0${value}`) || (!said.touches && isSaid(value, said.text))) {
      // It comes back when a transaction takes back what was set after it.
      if (this.#reported.size < rememberedSettings) this.#reported.add(`${name}\0${value}`);
      return null;
    }
    return encodeMessage('S', cstring(name), cstring(maskName(value, tally)));
  }
  /** What was announced at the start or set by the client's own words, which the target may go back to. */
  readonly #reported = new Set<string>();

  /** The settings and notices of the start-up. */
  announced(messages: Buffer): Buffer {
    const whole: Buffer[] = [];
    for (let at = 0; at + headerBytes <= messages.length; ) {
      const end = at + 1 + messages.readUInt32BE(at + 1);
      const message = messages.subarray(at, end);
      const reader = new ByteReader(messages, at + headerBytes, end);
      if (message[0] === PARAMETER_STATUS) this.#reported.add(`${reader.cstring()}\0${reader.cstring()}`);
      whole.push(this.take(message[0] ?? 0, null, message, 0, message.length) ?? message);
      at = end;
    }
    return Buffer.concat(whole);
  }
}

/** Whether the client has written a setting's value himself, quoted as lists of names are or not. */
function isSaid(value: string, asked: string): boolean {
  if (value === '') return true;
  const said = asked.toLowerCase();
  return value.split(/,\s*/).every((part) => said.includes(part.replace(/^"(.*)"$/, '$1').toLowerCase()));
}

export function isWords(type: number): boolean {
  return type === ERROR || type === NOTICE || type === NOTIFICATION || type === PARAMETER_STATUS;
}
