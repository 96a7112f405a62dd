import { PassThrough } from 'node:stream';
import type { ProgramDependencies } from './command-context.ts';
import type { Output } from './output.ts';
import { runProgram } from './program.ts';

/** An output that keeps what was written. */
export function keptOutput(more: Partial<Output> = {}): Output & { readonly text: () => string } {
  const written: string[] = [];
  const write = async (text: string) => void written.push(text);
  return { write, columns: 0, interactive: false, styled: false, ...more, text: () => written.join('') };
}

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as main does, with what it would ask of the composition root given by the test. */
export async function runCommand(words: readonly string[], more: Partial<ProgramDependencies> = {}): Promise<Ran> {
  const out = keptOutput();
  const err = keptOutput();
  const exit = await runProgram(words, {
    serve: async () => 0,
    check: async () => 0,
    quickstart: async () => 0,
    protocols: async () => new Map(),
    decoderOf: () => null,
    openState: () => {
      throw new Error('no state folder in this test');
    },
    streams: { out, err },
    // Only `isTTY` and what every readable has is used of it.
    stdin: Object.assign(new PassThrough(), { isTTY: false }) as unknown as NodeJS.ReadStream,
    env: {},
    version: '0.0.0',
    now: () => Date.UTC(2026, 10, 22, 12),
    wait: async () => {},
    ...more,
  });
  return { exit, out: out.text(), err: err.text() };
}
