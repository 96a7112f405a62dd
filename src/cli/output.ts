/** Where a command writes; a terminal or not. */
export interface Output {
  /** Resolves when more may be written, so that a slow reader holds the source back. Rejects when nobody reads any more. */
  write(text: string): Promise<void>;
  /** Cells of a line; 0 where there is no terminal, and then nothing is cut to fit one. */
  readonly columns: number;
  /** Whether a person watches: only then does a player wait. */
  readonly interactive: boolean;
  /** Whether styles may be sent. */
  readonly styled: boolean;
}

export interface Streams {
  readonly out: Output;
  readonly err: Output;
}

/** The reader has gone, as `| head` does: nothing is wrong and nothing more is to be done. */
export class ReaderGone extends Error {
  constructor() {
    super('nobody reads the output any more');
    this.name = 'ReaderGone';
  }
}

/** An output over one of the process's own streams. Styles are left out where NO_COLOR is set (no-color.org). */
export function processOutput(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  let gone: Error | null = null;
  stream.on('error', (fault: Error & { code?: string }) => {
    gone = fault.code === 'EPIPE' ? new ReaderGone() : fault;
  });
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        if (gone !== null) {
          reject(gone);
          return;
        }
        stream.write(text, (fault: (Error & { code?: string }) | null | undefined) => {
          if (fault) reject(fault.code === 'EPIPE' || fault.code === 'ERR_STREAM_DESTROYED' ? new ReaderGone() : fault);
          else resolve();
        });
      }),
    columns: stream.isTTY ? stream.columns : 0,
    interactive: stream.isTTY ?? false,
    styled: (stream.isTTY ?? false) && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'inverse';
const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], inverse: [7, 27] } as const;

/** The text in a style, where the output can show one. */
export function styled(output: Output, style: Style, text: string): string {
  const [on, off] = codes[style];
  return output.styled && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
}
