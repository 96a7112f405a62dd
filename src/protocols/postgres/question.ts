import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { cstring, encodeMessage } from './messages.ts';
import { uint32 } from './startup.ts';

const name = cstring('chaperone question');
const none = Buffer.alloc(2);
const statement = Buffer.from('S');

/**
 * A question of one row and one column, by the extended protocol: a simple query would take the client's unnamed statement.
 * What an error left of an earlier question goes first. Within a batch of the client's it ends with Flush, because a Sync would
 * end the client's transaction; apart from any it ends with Sync.
 */
export function encodeQuestion(sql: string, apart: boolean): Buffer {
  return Buffer.concat([
    encodeMessage('C', statement, name),
    encodeMessage('P', name, cstring(sql), none),
    encodeMessage('B', name, name, none, none, none),
    encodeMessage('E', name, uint32(0)),
    encodeMessage('C', Buffer.from('P'), name),
    encodeMessage('C', statement, name),
    encodeMessage(apart ? 'S' : 'H'),
  ]);
}
const answers = '312DC33';

/** What the gateway asks the target by itself in a session. */
export class Question {
  readonly #settled = Promise.withResolvers<string | null>();
  #told = 0;
  #value: string | null = null;
  /** Whether it stands in a batch of its own, of which the client hears nothing. */
  readonly apart: boolean;

  constructor(apart: boolean) {
    this.apart = apart;
  }

  /** Resolves with what the target has answered, or with null when it drops the question with the rest of a batch that has failed. */
  get settled(): Promise<string | null> {
    return this.#settled.promise;
  }
  settle(value: string | null): void {
    this.#settled.resolve(value);
  }
  /** Takes the next message of the answer; the value where it was the last. Throws MalformedBytes where it is out of turn. */
  take(message: Buffer): string | null {
    const type = message.toString('latin1', 0, 1);
    if (type !== answers[this.#told])
      throw new MalformedBytes(`message ${type} in place of ${answers[this.#told]} in answer to the gateway`);
    if (type === 'D') {
      const reader = new ByteReader(message, 5);
      if (reader.uint16() !== 1) throw new MalformedBytes('more than one column in answer to the gateway');
      this.#value = reader.bytes(reader.int32()).toString('utf8');
      reader.finish();
    }
    this.#told += 1;
    return this.#told === answers.length ? (this.#value ?? '') : null;
  }
}

/** Where questions wait for their answer. */
interface Queue {
  push(
    step:
      | { readonly kind: 'question'; readonly question: Question }
      | { readonly kind: 'sync'; readonly batch: readonly []; readonly own: true },
  ): void;
}

/** Asks within the batch that is under way, or apart from any. */
export function ask(sql: string, apart: boolean, steps: Queue, port: { ask(bytes: Buffer): void }): Promise<string | null> {
  const question = new Question(apart);
  steps.push({ kind: 'question', question });
  if (apart) steps.push({ kind: 'sync', batch: [], own: true });
  port.ask(encodeQuestion(sql, apart));
  return question.settled;
}
