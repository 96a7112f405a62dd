import { type Action, asksTheSame } from '../../core/action.ts';
import type { Outcome } from '../../core/entry.ts';
import type { Act, Crossing, Ends, Exchange } from '../../core/exchange.ts';
import type { Tally } from '../../core/masking.ts';
import type { Cleared, Shown, Witnessed } from '../../core/proof.ts';
import { type Permit, type Refusal, refuse } from '../../core/verdict.ts';
import { BoundRequest, type Request } from './bound-request.ts';
import type { Showing } from './showing.ts';
import type { Asked } from './asked.ts';
import { statedIn } from './stated.ts';
import type { GateStatement } from './statement-reader.ts';

/** Who asks the target about a statement that is not sent yet. */
interface Inquiry {
  /** How many rows it will touch. */
  estimate(action: Action, request: BoundRequest | null): Promise<number | null>;
  /** What it does by the catalog as it is now. */
  readAgain(statement: GateStatement): Promise<GateStatement>;
}

/** What all statements of a session share. */
export interface Surroundings {
  readonly ends: Ends;
  readonly notify: (text: string, crossing: Crossing) => void;
  readonly inquiry: Inquiry;
}

/** What became of an exchange at the gate. */
export type Gate =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'open'; readonly permit: Permit }
  | { readonly kind: 'shut'; readonly refusal: Refusal };

let lastOpen: Extract<Gate, { kind: 'open' }> | null = null;

/** Most statements pass by the permit of the one before. */
function openBy(permit: Permit): Gate {
  if (lastOpen?.permit !== permit) lastOpen = { kind: 'open', permit };
  return lastOpen;
}

/** One statement on its way: from its first message to the last byte of its answer. */
export class StatementExchange implements Exchange {
  readonly action: Action;
  readonly #surroundings: Surroundings;
  #crossing: Crossing | null = null;
  #cancelling: AbortController | null = null;
  gate: Gate = { kind: 'waiting' };
  /** Rows that came back so far. */
  rows = 0;
  /** Set once the target has answered; the exchange ends with the last bytes that belong to it. */
  outcome: Outcome | null = null;
  /** Whether Bind or Execute were asked of it: what comes after belongs to another execution. */
  bound = false;
  executed = false;
  /** Whether the target waits for copy data, or sends some. */
  copy: 'none' | 'in' | 'out' = 'none';
  ended = false;
  /** What masks its rows; null where they pass, undefined while that is not decided. */
  showing: Showing | null | undefined = undefined;
  /** What was masked of its answer and has not been said yet. */
  tally: Tally | null = null;
  /** Null where it is none, such as a FunctionCall. Read anew where it waited; it asks the same then. */
  statement: GateStatement | null;
  /** What it came in with others; null where it came alone. */
  readonly #text: string | null;
  /** Null where the action's text says all. */
  readonly #request: Request | null;

  constructor({ action, text, statement, request }: Asked, surroundings: Surroundings) {
    this.action = action;
    this.#text = text ?? null;
    this.statement = statement;
    this.#request = request;
    this.#surroundings = surroundings;
  }

  /** The formats in which Bind wants the rows; null where there was none. */
  get formats(): readonly number[] | null {
    return this.#request?.formats ?? null;
  }
  perform(permit: Permit, crossing: Crossing): void {
    this.#crossing = crossing;
    this.gate = this.#isWithdrawn ? { kind: 'shut', refusal: withdrawn } : openBy(permit);
  }
  /** The client cancels it before it was sent: whatever the verdict, it will not be. */
  withdraw(): void {
    this.#isWithdrawn = true;
  }
  #isWithdrawn = false;
  act(): Act | Refusal {
    const complaint = this.statement?.complaint ?? null;
    if (complaint !== null) return misspelt(complaint);
    const { action } = this;
    const { bytes, parameters } = this.#request ?? { bytes: Buffer.from(`Q${action.text}`), parameters: [] };
    const bound = this.#request instanceof BoundRequest ? this.#request : null;
    if (this.statement === null) return { action, bytes, parameters, estimate: null };
    const { statement } = this;
    const stated = statedIn(action.text, this.#text);
    const readAgain = async () => this.take(await this.#surroundings.inquiry.readAgain(statement));
    return { action, bytes, parameters, stated, estimate: () => this.#surroundings.inquiry.estimate(action, bound), readAgain };
  }
  /** Goes on by another reading of its statement where that asks the same; what it asks. */
  take(again: GateStatement): Action {
    const action = this.action === this.statement?.action ? again.action : again.preparing;
    if (asksTheSame(action, this.action)) this.statement = again;
    return action;
  }
  /** It waited with others of its text, and does something else by now: it is not sent, whatever the verdict was. */
  shut(): void {
    this.gate = { kind: 'shut', refusal: changed };
  }
  /** The words are sent when their turn in the stream of replies has come. */
  refuse(refusal: Refusal, crossing: Crossing): void {
    this.#crossing = crossing;
    this.gate = { kind: 'shut', refusal };
  }
  /** Made on demand: few exchanges ever wait. */
  get cancelled(): AbortSignal {
    this.#cancelling ??= new AbortController();
    return this.#cancelling.signal;
  }
  cancel(): void {
    this.#cancelling?.abort();
  }
  notice(text: string, crossing: Crossing): void {
    this.#surroundings.notify(text, crossing);
  }
  forward(request: Witnessed): void {
    this.#surroundings.ends.forward(request);
  }
  deliver(reply: Cleared): void {
    this.#surroundings.ends.deliver(reply);
  }

  ask(bytes: Buffer, permit: Permit): void {
    this.#crossing?.ask(bytes, permit);
  }
  attempt(bytes: Buffer): void {
    this.#crossing?.attempt(bytes);
  }
  answer(bytes: Shown, original?: Uint8Array): void {
    this.#crossing?.answer(bytes, original);
  }
  /** Puts on record what was masked so far. */
  tellMasked(): void {
    const { tally } = this;
    if (tally === null || this.ended) return;
    this.showing?.settle();
    this.tally = null;
    if (!tally.isEmpty) this.#crossing?.masked(tally.entries());
  }
  /** Ends it once; without an outcome it went through and had nothing to say. */
  end(fallback: Outcome = done): void {
    if (this.ended || this.#crossing === null) return;
    this.tellMasked();
    this.ended = true;
    this.#crossing.end(this.outcome ?? fallback);
  }
}

const done: Outcome = { status: 'ok', rows: null, tag: null, error: null };
export const skipped: Outcome = { status: 'skipped', rows: null, tag: null, error: null };
/** Agents mistype, and a person who was asked would see an error and no effect. */
function misspelt(complaint: string): Refusal {
  return refuse(
    'REQUEST_UNREADABLE',
    `${complaint}. By the policies people would have to be asked about a text that PostgreSQL's grammar does not know, and nobody is: they could not tell what it does.`,
    'Mend the statement, and send it again.',
  );
}

const changed = refuse(
  'ACCESS_REFUSED',
  'What the statement does has changed while another of the same text waited for approval, so nothing was sent.',
  'Send it again: it is judged by what it does now.',
);
const withdrawn = refuse(
  'CANCELLED',
  'The statement was cancelled before it was sent to the target.',
  'Send it again if it is wanted after all.',
);
