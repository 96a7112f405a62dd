import { MalformedBytes } from '../../wire/byte-reader.ts';
import { passingIn, replyMessages, type ReplyState, replyStates } from './messages.ts';
import { runningIn, type Step } from './steps.ts';

const code = (letter: string): number => letter.charCodeAt(0);
const passing = passingIn<ReplyState>(replyMessages, replyStates);
const inQuery = passing.query;

/** What may come now. The head is nearly always a query: its types are at hand without looking a name up. */
export function passingFor(step: Step | undefined): Uint8Array {
  if (step?.kind !== 'query') return passing[stateOf(step)];
  const copy = step.exchanges[step.current]?.copy;
  return copy === 'in' || copy === 'out' ? passing[stateOf(step)] : inQuery;
}

export function stateOf(step: Step | undefined): ReplyState {
  if (step === undefined) return 'nothing';
  const copy = runningIn(step)?.copy ?? 'none';
  if (copy !== 'none') return copy === 'in' ? 'copy in' : 'copy out';
  return step.kind === 'copy-end' ? 'nothing' : step.kind;
}

export function unexpected(type: number, state: ReplyState): MalformedBytes {
  const name = Object.entries(replyMessages).find(([letter]) => code(letter) === type)?.[1].name ?? `0x${type.toString(16)}`;
  return new MalformedBytes(`${name} ${replyStates[state]}`);
}
