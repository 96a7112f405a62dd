import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { cstring, encodeMessage } from './messages.ts';
import { uint32 } from './startup.ts';
import type { StatementExchange } from './statement-exchange.ts';

const name = cstring('chaperone encoding');
const none = Buffer.alloc(2);
const statement = Buffer.from('S');

/**
 * Asks the target, in the middle of a batch, how it reads texts by now: since PostgreSQL 14 it tells of a changed
 * client_encoding only when it is ready, and a Sync of the gateway's own would end the client's transaction. What an error
 * left of an earlier question goes first.
 */
export const encodingQuestion = Buffer.concat([
  encodeMessage('C', statement, name),
  encodeMessage('P', name, cstring('show client_encoding'), none),
  encodeMessage('B', name, name, none, none, none),
  encodeMessage('E', name, uint32(0)),
  encodeMessage('C', Buffer.from('P'), name),
  encodeMessage('C', statement, name),
  encodeMessage('H'),
]);
const answers = '312DC33';

/** The way of one such question. */
export class EncodingQuestion {
  readonly #settled = Promise.withResolvers<void>();
  #told = 0;
  /** What the target said. */
  encoding = '';

  /** Resolves when the target has answered, or drops the question with the rest of a batch that has failed. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }
  settle(): void {
    this.#settled.resolve();
  }
  /** Takes the next message of the answer; whether it was the last. Throws MalformedBytes where it is out of turn. */
  take(message: Buffer): boolean {
    const type = message.toString('latin1', 0, 1);
    if (type !== answers[this.#told]) throw new MalformedBytes(`message ${type} in place of ${answers[this.#told]} about the encoding`);
    if (type === 'D') {
      const reader = new ByteReader(message, 5);
      if (reader.uint16() !== 1) throw new MalformedBytes('more than one encoding');
      this.encoding = reader.bytes(reader.int32()).toString('latin1');
      reader.finish();
    }
    this.#told += 1;
    return this.#told === answers.length;
  }
}

/** Where questions wait for their answer. */
interface Queue {
  push(step: { readonly kind: 'question'; readonly question: EncodingQuestion }): void;
}

/** Resolves when the target has told its encoding, to the session too. */
export function askEncoding(steps: Queue, port: { ask(bytes: Buffer): void }): Promise<void> {
  const question = new EncodingQuestion();
  steps.push({ kind: 'question', question });
  port.ask(encodingQuestion);
  return question.settled;
}

/** What opens a transaction, or a place in one, is harmless. Anything else may run a function that sets the encoding. */
const harmless = /^(?:begin|start\s+transaction|savepoint\s)[\w\s,]*;?$/i;
const harmlessLength = 256;

export function leavesEncoding({ bound, executed, action: { text } }: StatementExchange): boolean {
  return (!bound && !executed) || (text.length < harmlessLength && harmless.test(text.trim()));
}
