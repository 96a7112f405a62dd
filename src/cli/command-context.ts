import type { Decoder, Protocol } from '../core/protocol.ts';
import type { Streams } from './output.ts';
import type { QuickstartOptions } from './quickstart/quickstart.ts';
import type { RecordSource } from './record-source.ts';

/** What the commands need from outside; the numbers are exit codes. */
export interface ProgramDependencies {
  readonly serve: (configPath: string) => Promise<number>;
  readonly check: (configPath: string, options: { readonly json: boolean }) => Promise<number>;
  readonly quickstart: (options: QuickstartOptions) => Promise<number>;
  /** Every protocol that there is, by its name. */
  readonly protocols: () => Promise<ReadonlyMap<string, Protocol<unknown>>>;
  /** Reads what a protocol's sessions recorded; null where there is no such protocol. */
  readonly decoderOf: (protocol: string) => Decoder | null;
  /** The record in a state folder. */
  readonly openState: (folder: string) => RecordSource;
  readonly streams: Streams;
  readonly stdin: NodeJS.ReadStream;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly now: () => number;
  /** Waits while a replay plays. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** What a command's action is given to work with, and where it says how it ended. */
export interface CommandContext extends ProgramDependencies {
  /** Text that commander wants written, until it can be awaited. */
  readonly pending: string[];
  exit: number;
}
