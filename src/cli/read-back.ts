import { createInterface } from 'node:readline';
import type { ApprovalItem } from '../api/contract.ts';
import { needsReadBack } from '../stages/approvals/tier.ts';
import { CommandFailure } from './failure.ts';
import type { Output } from './output.ts';
import { visibleLine } from './visible.ts';

/** Where the answer of whoever approves comes from. */
export interface Answering {
  /** By `--read-back`; null where it was not given. */
  readonly given: string | null;
  readonly input: NodeJS.ReadStream;
  /** Where the question goes. */
  readonly output: Output;
}

/**
 * Has whoever approves what cannot be taken back at a terminal say first what it is about, as the console does; throws where they do not.
 * A program is not asked, as it is not by the API. What is given is compared also where nobody would have been asked.
 */
export async function readBack(item: ApprovalItem, { given, input, output }: Answering): Promise<void> {
  if (given === null && (!input.isTTY || !needsReadBack(item))) return;
  const name = visibleLine(nameToReadBack(item));
  const said = given ?? (await asked(`This cannot be taken back. To approve it, type ${name}: `, input, output));
  if (said?.trim() !== name)
    throw new CommandFailure(
      'REQUEST_INVALID',
      'That is not what it is about. Nothing was decided.',
      'Read it again before you approve it.',
    );
}

/** The object that the gravest thing is done to; the connection where it is done to no object. */
function nameToReadBack({ demands, effect, connection }: Pick<ApprovalItem, 'demands' | 'effect' | 'connection'>): string {
  const touching = demands.filter(({ object }) => object !== null);
  return (touching.find((demand) => demand.effect === effect) ?? touching[0])?.object?.name ?? connection;
}

/** Null where the input ends without an answer. */
async function asked(question: string, input: NodeJS.ReadStream, output: Output): Promise<string | null> {
  await output.write(question);
  const lines = createInterface({ input });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  return null;
}
