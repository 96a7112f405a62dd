import { asksTheSame } from '../../core/action.ts';
import type { Asked } from './asked.ts';
import { after } from './at-once.ts';
import type { SettingAnswer } from './session-setting.ts';
import type { StatementExchange } from './statement-exchange.ts';
import type { GateStatement, ReadText } from './statement-reader.ts';

/** What the conversation does for the requests. */
export interface RequestPort {
  /** Opens an exchange and takes it through the gate; a promise while the verdict is not known. */
  open(asked: Asked): StatementExchange | Promise<StatementExchange>;
  /** Reads a text into its statements, by what the session has set as far as that is known. */
  read(text: string): ReadText | Promise<ReadText>;
  /** A statement by the newest catalog that is known. */
  byNewest(statement: GateStatement): GateStatement | Promise<GateStatement>;
  /** Whether what was read by these parts of the session's setting must be read again once the target has told them. */
  inDoubt(consulted: number): boolean;
  /** The target has told what the session has set; with null it could not. */
  told(answer: SettingAnswer | null): void;
  /** A statement goes to the target. */
  sent(statement: GateStatement): void;
  /** Sync ends a batch: what was set in it may go back with it. */
  batchEnds(): void;
  /** The protocol makes or closes a name that SQL can use too. */
  named(): void;
  /** Whether the target has said that its transaction has failed. */
  readonly transactionFailed: boolean;
  /** Sends what belongs to no exchange, on the session's own permit. */
  ask(bytes: Buffer): void;
  /** Puts on record what belongs to no exchange and goes nowhere. */
  attempt(bytes: Buffer): void;
  /** The target has told its client_encoding. */
  encodingChanged(name: string): void;
  /** The client broke the protocol, or a stage failed, while requests were waiting. */
  fault(fault: unknown): void;
  /** Whether requests wait for a verdict: nothing more should be read from the client. */
  stalled(waiting: boolean): void;
  /** The client has said goodbye. */
  terminated(): void;
}

/**
 * One after the other: nobody is asked about a statement while the one before it is not decided. What others do may have changed while one
 * waited: then none is sent.
 */
export function openAll(
  statements: readonly GateStatement[],
  text: string,
  port: RequestPort,
): readonly StatementExchange[] | Promise<readonly StatementExchange[]> {
  type Opened = readonly StatementExchange[];
  const openNext = (before: Opened, statement: GateStatement) =>
    after(port.open({ action: statement.action, text, statement, request: null }), (one): Opened => [...before, one]);
  const all = statements.reduce<Opened | Promise<Opened>>((before, one) => after(before, (opened) => openNext(opened, one)), []);
  return all instanceof Promise && statements.length > 1 ? all.then((opened) => readAgain(opened, port)) : all;
}

async function readAgain(exchanges: readonly StatementExchange[], port: RequestPort): Promise<readonly StatementExchange[]> {
  for (const exchange of exchanges)
    if (exchange.statement !== null && exchange.gate.kind === 'open') {
      const action = exchange.take(await port.byNewest(exchange.statement));
      if (!asksTheSame(action, exchange.action)) exchange.shut();
    }
  return exchanges;
}
