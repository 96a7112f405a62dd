import { isAscii } from 'node:buffer';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import type { Batch } from './batch.ts';
import { askEncoding, leavesEncoding } from './encoding-question.ts';
import { ask } from './question.ts';
import type { RequestPort } from './request-port.ts';
import type { RequestRun } from './request-run.ts';
import { readSettingAnswer, settingQuestion } from './setting-question.ts';
import type { ReadText } from './statement-reader.ts';
import type { Steps } from './steps.ts';

/** Reads texts where it is known what they mean, and finds that out where it is not. */
export class TextReading {
  readonly #steps: Steps;
  readonly #port: RequestPort;
  readonly #batch: Batch;
  readonly #run: RequestRun;

  constructor(steps: Steps, port: RequestPort, batch: Batch, run: RequestRun) {
    this.#steps = steps;
    this.#port = port;
    this.#batch = batch;
    this.#run = run;
  }

  /**
   * A text beyond ASCII means what the client encoding makes of it, and a statement under way may be changing that: it
   * waits until the target has told its encoding, in answer to the batches before this one, or asked within this one. Null
   * where it need not wait; afterwards the message is to be taken anew.
   */
  encodingInDoubt(message: Buffer): Promise<void> | null {
    if (isAscii(message.subarray(5))) return null;
    if (!this.#steps.answered) return this.answered();
    if (!this.#batch.encodingInDoubt || this.#steps.failed || this.#batch.exchanges.every(leavesEncoding)) return null;
    this.#batch.encodingInDoubt = false;
    this.#run.flush();
    return askEncoding(this.#steps, this.#port);
  }

  /** Resolves once all batches have been answered. */
  answered(): Promise<void> {
    if (this.#steps.answered) throw new MalformedBytes('a name is used again that the target never told of');
    return this.#steps.whenAnswered();
  }

  /** Null where the message is to be taken anew: what the session has set was in doubt, and has been found out. */
  read(text: string): ReadText | null | Promise<ReadText | null> {
    const read = this.#port.read(text);
    return read instanceof Promise ? read.then((later) => this.#sure(later)) : this.#sure(read);
  }
  #sure(read: ReadText): ReadText | null | Promise<null> {
    return this.#port.inDoubt(read.consulted) ? this.#findOut().then(() => null) : read;
  }

  async #findOut(): Promise<void> {
    if (!this.#steps.answered) return this.#steps.whenAnswered();
    // Of a transaction or a batch that has failed nobody can ask anything; nothing that names something runs in it either.
    if (this.#steps.failed || this.#port.transactionFailed) return this.#port.told(null);
    this.#run.flush();
    const answer = await ask(settingQuestion, this.#batch.exchanges.length === 0, this.#steps, this.#port);
    this.#port.told(readSettingAnswer(answer));
  }
}
