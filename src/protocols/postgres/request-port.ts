import type { Action } from '../../core/action.ts';
import { statementAction } from './actions.ts';
import { after } from './at-once.ts';
import type { StatementExchange } from './statement-exchange.ts';

/** What the conversation does for the requests. */
export interface RequestPort {
  /**
   * Opens an exchange and takes it through the gate; a promise while the verdict is not known. The message is what asks it,
   * where the action's text does not say all.
   */
  open(action: Action, message?: Buffer): StatementExchange | Promise<StatementExchange>;
  /** Cuts a simple query's text into its statements. */
  split(text: string): readonly string[] | Promise<readonly string[]>;
  /** Sends what belongs to no exchange, on the session's own permit. */
  ask(bytes: Buffer): void;
  /** Puts on record what belongs to no exchange and goes nowhere. */
  attempt(bytes: Buffer): void;
  /** The client broke the protocol, or a stage failed, while requests were waiting. */
  fault(fault: unknown): void;
  /** Whether requests wait for a verdict: nothing more should be read from the client. */
  stalled(waiting: boolean): void;
  /** The client has said goodbye. */
  terminated(): void;
}

/** One after the other: nobody is asked about a statement while the one before it is not decided. */
export function openAll(texts: readonly string[], port: RequestPort): readonly StatementExchange[] | Promise<readonly StatementExchange[]> {
  type Opened = readonly StatementExchange[];
  const openNext = (before: Opened, text: string) => after(port.open(statementAction(text)), (one): Opened => [...before, one]);
  return texts.reduce<Opened | Promise<Opened>>((before, text) => after(before, (opened) => openNext(opened, text)), []);
}
