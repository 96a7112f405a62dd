import { ChaperoneError, messageOf } from '../core/errors.ts';
import { type Output, ReaderGone } from './output.ts';
import { jsonLine, visibleLine } from './visible.ts';

/** What a command could not do: one clear message, what to do next, and how the command exits. */
export class CommandFailure extends Error {
  readonly code: string;
  readonly hint: string;
  /** 1: it failed. 2: it was asked for wrongly. */
  readonly exit: 1 | 2;
  constructor(code: string, message: string, hint: string, exit: 1 | 2 = 1) {
    super(message);
    this.name = 'CommandFailure';
    this.code = code;
    this.hint = hint;
    this.exit = exit;
  }
}

/** Wrong use of a command. */
export function misuse(message: string, hint: string): CommandFailure {
  return new CommandFailure('REQUEST_INVALID', message, hint, 2);
}

/** Says on `err` what went wrong, for a person or (`json`) for a program, and returns the exit code. */
export async function report(thrown: unknown, err: Output, json: boolean): Promise<number> {
  if (thrown instanceof ReaderGone) return 0;
  const { code, message, hint, exit } = failureOf(thrown);
  const text = json
    ? jsonLine({ error: { code, message, hint } })
    : `chaperone: ${visibleLine(message)}${hint === '' ? '' : `\n  ${visibleLine(hint)}`}`;
  await err.write(`${text}\n`);
  return exit;
}

function failureOf(thrown: unknown): CommandFailure {
  if (thrown instanceof CommandFailure) return thrown;
  if (thrown instanceof ChaperoneError)
    return new CommandFailure(thrown.code, thrown.message, '', thrown.code === 'REQUEST_INVALID' ? 2 : 1);
  return new CommandFailure('INTERNAL', messageOf(thrown), 'This is a fault in Chaperone; please report it with the command you ran.');
}
