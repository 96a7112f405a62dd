import { asksTheSame } from '../../core/action.ts';
import type { Act } from '../../core/exchange.ts';
import { createId } from '../../core/identifier.ts';
import { endingOf, type Session } from '../../core/session.ts';
import type { Stages } from '../../core/stages.ts';
import { permit, type Permit, type Question, type Refusal } from '../../core/verdict.ts';
import type { ApprovalRequest, ApprovalStatus } from './approval.ts';
import type { ApprovalDesk, Standing, Told } from './desk.ts';
import { digestOf } from './digest.ts';
import { elsewhere } from './elsewhere.ts';
import { requestOf } from './request.ts';
import { Words } from './words.ts';

/** The desk as the data plane calls it, which may be in another thread. */
export type DeskCalls = Pick<ApprovalDesk, 'recall' | 'open' | 'use' | 'leave' | 'policiesChanged'>;

export interface ApprovalOptions {
  readonly desk: DeskCalls;
  /** How long a client waits; 0 for not at all. */
  readonly waitMs: number;
  /** How long an approval can be used. */
  readonly expireMs: number;
  /** How long the target may take to say how many rows it expects; default 5 s. */
  readonly estimateMs?: number;
  /** Where people find the approvals; an id is put behind it. */
  readonly address: string;
  readonly now: () => number;
  /** The version of the policies that hold now. */
  readonly policyVersion: () => string;
  readonly log: (line: string) => void;
}

/** The data plane's end of approvals: asks, waits, and makes a permit of an answer. */
export interface Approvals {
  readonly ask: Stages['ask'];
  /** The desk has something to say to an exchange that waits. */
  told(told: Told): void;
  /** Other policies are in force: what was asked by those before is void. */
  policiesChanged(): void;
}

/** What ended a wait: an answer, or the client's or the wait's own end. */
type Waited = Pick<Told, 'status' | 'words'> | 'gone' | 'late';

const usualEstimateMs = 5_000;

export function createApprovals(options: ApprovalOptions): Approvals {
  const waiting = new Map<string, (told: Told) => void>();
  return {
    told: (told) => waiting.get(told.waiter)?.(told),
    policiesChanged: () => {
      const failed = (fault: unknown) => options.log(`approvals of former policies were not ended: ${String(fault)}`);
      options.desk.policiesChanged(options.policyVersion()).catch(failed);
    },
    ask: async (question, session, act, cancelled, notice) => {
      const waiter = createId();
      // Known before the desk is asked, so that no answer can come too early.
      const told = new Promise<Told>((resolve) => waiting.set(waiter, resolve));
      const over = AbortSignal.any([session.signal, cancelled]);
      try {
        return await new Asking(options, { question, session, act, over, waiter, told, notice }).run();
      } finally {
        waiting.delete(waiter);
      }
    },
  };
}

interface Asked {
  readonly question: Question;
  readonly session: Session;
  readonly act: Act;
  /** The client, or its session, does not want an answer any more. */
  readonly over: AbortSignal;
  readonly waiter: string;
  readonly told: Promise<Told>;
  readonly notice: (text: string) => void;
}

/** One exchange's way from the question to its answer. */
class Asking {
  readonly #options: ApprovalOptions;
  readonly #asked: Asked;
  readonly #words: Words;
  /** Settles when the target is not busy with the estimate any more. */
  #estimating: Promise<unknown> = Promise.resolve();

  constructor(options: ApprovalOptions, asked: Asked) {
    this.#options = options;
    this.#asked = asked;
    this.#words = new Words(asked.question, options.address, asked.act.stated ?? null);
  }

  async run(): Promise<Permit | Refusal> {
    const { question, session, act, waiter } = this.#asked;
    const digest = digestOf(question, session, act);
    const standing = (await this.#options.desk.recall({ digest, waiter })) ?? (await this.#open(digest));
    if ('kind' in standing) return standing;
    const waited = standing.status === 'open' ? await this.#wait(standing) : standing;
    if (waited === 'late') return this.#late(standing);
    if (waited === 'gone') return this.#withdrawn(standing);
    return waited.status === 'approved' ? this.#use(standing) : this.#words.ended(standing.id, waited.status, waited.words);
  }

  async #open(digest: string): Promise<Standing | Refusal> {
    const { question, session, act, over, waiter } = this.#asked;
    const told = await elsewhere(act, session.masking);
    const request: ApprovalRequest = {
      ...requestOf(question, session, act, digest),
      ...(told !== null && { elsewhere: told }),
      estimate: await this.#estimate(),
    };
    if (over.aborted) return this.#words.ended(null, 'withdrawn', null);
    if (this.#outdated()) return this.#words.outdated(null);
    const opened = await this.#options.desk.open({ request, waiter });
    return 'kind' in opened ? this.#words.notAsked(opened) : opened;
  }

  /** Rows the target expects, where it says so in time: people are asked with or without. */
  async #estimate(): Promise<number | null> {
    const { estimate } = this.#asked.act;
    if (estimate === null) return null;
    const found = estimate().catch(() => null);
    this.#estimating = found;
    return before(found, this.#asked.over, this.#options.estimateMs ?? usualEstimateMs);
  }

  async #wait(standing: Standing): Promise<Waited> {
    const { told, over, notice } = this.#asked;
    if (this.#options.waitMs === 0) return 'late';
    notice(this.#words.notice(standing));
    return (await before(told, over, this.#options.waitMs)) ?? (over.aborted ? 'gone' : 'late');
  }

  async #use(standing: Standing): Promise<Permit | Refusal> {
    const { question, over, waiter } = this.#asked;
    // The target answers one thing at a time: what it is asked next must not meet the estimate. Where that takes longer than the
    // approval holds, it cannot be used any more.
    await before(this.#estimating, over, this.#options.expireMs);
    const changed = await this.#changed();
    if (over.aborted) return this.#withdrawn(standing);
    if (changed) return this.#leave(standing, 'What it does has changed since.', this.#words.changed(standing.id));
    if (this.#outdated()) return this.#leave(standing, 'The policies have changed since.', this.#words.outdated(standing.id));
    const status: ApprovalStatus = await this.#options.desk.use({ id: standing.id, waiter });
    if (status !== 'used') return this.#words.ended(standing.id, status, null);
    return over.aborted ? this.#words.ended(standing.id, 'withdrawn', null) : permit(question.grounds, standing.id);
  }

  /** What was asked about may do something else by now: a view that it names was replaced, say. */
  async #changed(): Promise<boolean> {
    const { action, readAgain } = this.#asked.act;
    return readAgain !== undefined && !asksTheSame(await readAgain(), action);
  }

  /** The client waits no longer, and there may still be an answer; or its time ran out at the same moment. */
  #late(standing: Standing): Refusal {
    const over = Date.parse(standing.expiresAt) <= this.#options.now();
    return this.#leave(standing, null, over ? this.#words.ended(standing.id, 'expired', null) : this.#words.askAgain(standing));
  }

  #outdated(): boolean {
    return this.#options.policyVersion() !== this.#asked.question.grounds.version;
  }

  /** A client that goes takes its question along. One that is sent away by a gateway that stops may come back for the answer. */
  #withdrawn(standing: Standing): Refusal {
    const { signal } = this.#asked.session;
    const stopping = signal.aborted && endingOf(signal).code === 'SHUTTING_DOWN';
    const why = signal.aborted ? `The session ended: ${endingOf(signal).message}` : 'The client took it back, or went away.';
    return this.#leave(standing, stopping ? null : why, this.#words.ended(standing.id, 'withdrawn', null));
  }

  #leave({ id }: Standing, why: string | null, refusal: Refusal): Refusal {
    const { waiter } = this.#asked;
    this.#options.desk
      .leave({ id, waiter, why })
      .catch((fault: unknown) => this.#options.log(`approval ${id} was not left: ${String(fault)}`));
    return refusal;
  }
}

/** What the promise resolves to, where it does before the signal aborts and the time is over; null otherwise. */
async function before<Value>(promise: Promise<Value>, over: AbortSignal, ms: number): Promise<Value | null> {
  if (over.aborted) return null;
  const { promise: ended, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, ms, null);
  const end = () => resolve(null);
  over.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    over.removeEventListener('abort', end);
  }
}
