import { type Question, type Refusal, refuse } from '../../core/verdict.ts';
import type { ApprovalStatus } from './approval.ts';
import type { Standing } from './desk.ts';

/** What the waiting client is told, for an agent to act on. */
export class Words {
  readonly #question: Question;
  readonly #what: string;
  readonly #address: string;

  constructor(question: Question, action: string, address: string) {
    this.#question = question;
    this.#what = `${action} needs approval by a member of ${question.groups.map((group) => `"${group}"`).join(' and one of ')}`;
    this.#address = address;
  }

  notice({ id, expiresAt }: Standing): string {
    const reasons = this.#question.reasons.map((reason) => ` ${reason}`).join('');
    return `${this.#what}.${reasons} Nothing was sent; this waits. Approval ${id}: ${this.#address}${id} (no answer until ${expiresAt} refuses it)`;
  }

  /** For a client that waits no longer. */
  askAgain({ id, expiresAt }: Standing): Refusal {
    return this.#refuse(
      `${this.#because()}, and nobody has answered yet (approval ${id}).`,
      `Have it approved at ${this.#address}${id}, then send exactly the same again: it passes once, until ${expiresAt}.`,
      'refused',
      id,
    );
  }

  outdated(id: string | null): Refusal {
    return this.#refuse('The policies have changed while this waited, so it is refused.', 'Send it again.', 'refused', id);
  }

  ended(id: string | null, status: ApprovalStatus, words: string | null): Refusal {
    const why = words === null ? '' : ` ${words}`;
    switch (status) {
      case 'denied':
        return this.#refuse(`${this.#because()}, and it was refused.${why}`, 'Do not send it again; ask whoever refused it.', 'denied', id);
      case 'expired':
        return this.#refuse(`${this.#because()}, and nobody answered in time.`, 'Send it again to ask once more.', 'expired', id);
      case 'used':
        return this.#refuse(`${this.#because()}, and the approval was used already.`, 'Send it again to ask once more.', 'refused', id);
      default:
        return this.#refuse(`${this.#because()}, and the question was withdrawn.${why}`, 'Send it again to ask once more.', 'refused', id);
    }
  }

  /** What is asked for, with the policies' own reasons. */
  #because(): string {
    const { reasons } = this.#question;
    return reasons.length === 0 ? this.#what : `${this.#what} (${reasons.join(' ')})`;
  }

  #refuse(message: string, hint: string, verdict: Refusal['verdict'], approval: string | null): Refusal {
    return refuse('ACCESS_REFUSED', message, hint, { grounds: this.#question.grounds, verdict, approval });
  }
}
