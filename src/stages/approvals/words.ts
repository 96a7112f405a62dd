import type { Stated } from '../../core/stated.ts';
import { type Question, type Refusal, refuse } from '../../core/verdict.ts';
import type { ApprovalStatus } from './approval.ts';
import type { Standing } from './desk.ts';

/** What the waiting client is told, for an agent to act on. */
export class Words {
  readonly #question: Question;
  readonly #needs: string;
  readonly #address: string;
  readonly #untold: string;

  constructor(question: Question, address: string, stated: Stated | null) {
    this.#question = question;
    this.#needs = `${question.what} needs approval by a member of ${named(question.groups, ' and one of ')}`;
    this.#address = address;
    this.#untold = stated?.text === null ? ` No reason was given; to give people one, send it anew ${stated.by}.` : '';
  }

  notice({ id, expiresAt }: Standing): string {
    const { rules, reasons } = this.#question;
    const rule = `${this.#needs}, ${says(rules)}${reasons.length === 0 ? '.' : `: ${reasons.join(' ')}`}`;
    return `${rule} Nothing was sent; this waits. Approval ${id}: ${this.#address}${id} (no answer until ${expiresAt} refuses it)${this.#untold === '' ? '' : `.${this.#untold}`}`;
  }

  /** For a client that waits no longer. */
  askAgain({ id, expiresAt }: Standing): Refusal {
    return this.#refuse(
      `${this.#because()}, and nobody has answered yet (approval ${id}).`,
      `Have it approved at ${this.#address}${id}, then send exactly the same again: it passes once, until ${expiresAt}.${this.#untold}`,
      'refused',
      id,
    );
  }

  /** The desk does not take the question; `why` says so in a sentence of its own. */
  notAsked({ code, message, hint }: Refusal): Refusal {
    const why = message.charAt(0).toLowerCase() + message.slice(1);
    return refuse(code, `${this.#because()}, and ${why}`, hint, { grounds: this.#question.grounds });
  }

  outdated(id: string | null): Refusal {
    return this.#refuse(`${this.#because()}, and the policies have changed while this waited.`, 'Send it again.', 'refused', id);
  }

  changed(id: string): Refusal {
    const why = `${this.#because()}, and what it does has changed while this waited.`;
    return this.#refuse(why, 'Send it again: people are then asked about what it does now.', 'refused', id);
  }

  /** `words` say what ended it. */
  ended(id: string | null, status: ApprovalStatus, words: string | null): Refusal {
    switch (status) {
      case 'denied':
        return this.#refuse(
          `${this.#because()}, and ${words ?? 'it was refused.'}`,
          'Do not send it again; ask whoever refused it.',
          'denied',
          id,
        );
      case 'expired':
        return this.#refuse(`${this.#because()}, and nobody answered in time.`, 'Send it again to ask once more.', 'expired', id);
      case 'used':
        return this.#refuse(`${this.#because()}, and the approval was used already.`, 'Send it again to ask once more.', 'refused', id);
      default: {
        const why = words === null ? '.' : `: ${words}`;
        return this.#refuse(`${this.#because()}, and the question was withdrawn${why}`, 'Send it again to ask once more.', 'refused', id);
      }
    }
  }

  /** What is asked for, by which rule, with the policies' own reasons: the beginning of a sentence. */
  #because(): string {
    const { rules, reasons } = this.#question;
    return `${this.#needs}, ${says(rules)}${reasons.length === 0 ? '' : ` (${reasons.join(' ')})`}`;
  }

  #refuse(message: string, hint: string, verdict: Refusal['verdict'], approval: string | null): Refusal {
    return refuse('ACCESS_REFUSED', message, hint, { grounds: this.#question.grounds, verdict, approval });
  }
}

function named(names: readonly string[], between: string): string {
  return names.map((name) => `"${name}"`).join(between);
}

function says(rules: readonly string[]): string {
  return `as ${named(rules, ' and ')} ${rules.length === 1 ? 'says' : 'say'}`;
}
